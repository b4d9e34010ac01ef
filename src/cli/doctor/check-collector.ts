// Checks whether a collector responds at the endpoint.
import { connect as connectHttp2 } from 'node:http2';
import { type DoctorFinding, note, problem } from './finding.ts';

const timeoutMs = 3000;
const largestSkewMs = 2000;

/** Checks whether a collector responds with the configured protocol. */
export async function checkCollector(
  endpoint: string,
  protocol: string,
  signal?: AbortSignal,
): Promise<DoctorFinding[]> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  const url = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  if (!URL.canParse(url)) return [];
  const findings = await (protocol === 'grpc' ? checkGrpc(url, signal) : checkHttp(url, stop, signal));
  signal?.throwIfAborted();
  return findings;
}

async function checkHttp(
  base: string,
  stop: AbortSignal,
  interrupt: AbortSignal | undefined,
): Promise<DoctorFinding[]> {
  const url = /\/v1\/traces\/?$/.test(base) ? base : `${base.replace(/\/$/, '')}/v1/traces`;
  let response: Response;
  try {
    // An export request without spans: nothing is recorded.
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: new Uint8Array(),
      signal: stop,
    });
  } catch (error) {
    interrupt?.throwIfAborted();
    const grpc = (await checkGrpc(base, interrupt)).length === 0;
    if (grpc)
      return [
        problem(
          'wrong-port',
          `${base} uses gRPC, but OTLP over HTTP is sent to it.`,
          'OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or port 4318',
        ),
      ];
    const cause = (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
    return [
      problem(
        'collector-unreachable',
        `No collector responds at ${url} (${cause}).`,
        'Start one, such as "npx mqtrace view", or set OTEL_EXPORTER_OTLP_ENDPOINT.',
      ),
    ];
  }
  await response.arrayBuffer().catch(() => undefined);
  const findings: DoctorFinding[] = [];
  if (response.status === 404 || response.status === 405)
    findings.push(
      problem(
        'not-a-collector',
        `${url} responds with ${response.status}: the server is not an OTLP receiver.`,
        'Check the port and the path of OTEL_EXPORTER_OTLP_ENDPOINT.',
      ),
    );
  else if (response.status === 401 || response.status === 403)
    findings.push(
      problem(
        'collector-refuses',
        `${url} responds with ${response.status}: it requires credentials.`,
        'OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20..."',
      ),
    );
  const date = Date.parse(response.headers.get('date') ?? '');
  // The header has whole seconds.
  const skew = Number.isNaN(date) ? 0 : Date.now() - date - 500;
  if (Math.abs(skew) > largestSkewMs)
    findings.push(
      note(
        'clock-skew',
        `The clock of this machine is ${(Math.abs(skew) / 1000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'} that of ${new URL(url).host}.`,
        'Synchronize both clocks with NTP.',
      ),
    );
  return findings;
}

function checkGrpc(base: string, interrupt: AbortSignal | undefined): Promise<DoctorFinding[]> {
  const { origin, host } = new URL(base);
  return new Promise((resolve) => {
    const session = connectHttp2(origin);
    const finish = (findings: DoctorFinding[]): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(findings);
    };
    const unreachable = (reason: string): void =>
      finish([
        problem(
          'collector-unreachable',
          `No gRPC collector responds at ${host} (${reason}).`,
          'Start one, such as "npx mqtrace view", or set OTEL_EXPORTER_OTLP_ENDPOINT.',
        ),
      ]);
    const timer = setTimeout(() => unreachable('no answer'), timeoutMs);
    interrupt?.addEventListener('abort', () => finish([]), { once: true });
    session.once('error', (error: NodeJS.ErrnoException) => unreachable(error.code ?? 'no HTTP/2'));
    // Only an HTTP/2 server sends its settings.
    session.once('remoteSettings', () => finish([]));
  });
}
