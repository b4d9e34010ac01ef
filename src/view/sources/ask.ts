// Requests JSON from a server.
import { isRecord } from '../../common/check-options.ts';
import { MqtraceError } from '../../common/errors.ts';

const timeoutMs = 30_000;

/** Sends a GET request. @throws the error of `unreachable` if there is no answer within 30 seconds. */
export async function request(
  url: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
  unreachable: (error: unknown) => MqtraceError,
): Promise<Response> {
  const stop = AbortSignal.timeout(timeoutMs);
  try {
    return await fetch(url, { headers, signal: signal === undefined ? stop : AbortSignal.any([signal, stop]) });
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(error);
  }
}

/** The body of an answer; undefined for 404. @throws MqtraceError `INVALID_STATE` if there is no answer or another status. */
export async function ask(
  name: string,
  base: string,
  path: string,
  signal?: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const url = new URL(base.replace(/\/$/, '') + path);
  const headers: Record<string, string> = {};
  if (url.username !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers['authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
    url.username = url.password = '';
  }
  const response = await request(url, headers, signal, (error) => {
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    const reason = `${name} does not answer at ${url.origin} (${cause}). Check the address.`;
    return new MqtraceError('INVALID_STATE', reason, { cause: error });
  });
  if (response.status === 404) {
    await response.body?.cancel();
    return undefined;
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok || !isRecord(body)) {
    const why = isRecord(body) && typeof body['error'] === 'string' ? `: ${body['error'].slice(0, 200)}` : '';
    throw new MqtraceError('INVALID_STATE', `${name} answers ${response.status} at ${url.origin}${url.pathname}${why}`);
  }
  return body;
}
