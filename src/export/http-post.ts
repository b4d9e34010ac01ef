// Makes one POST request with node:http and node:https.
import type { Agent as HttpAgent, request as requestHttp } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';

/** A response, as far as it was read. @internal */
export interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
  /** Whether the whole body was received. */
  readonly complete: boolean;
}

/** One POST request. @internal */
export interface HttpPost {
  /** The function of node:http or node:https. */
  readonly open: typeof requestHttp;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: HttpAgent | HttpsAgent | undefined;
  readonly body: Buffer;
  /** Timeout in milliseconds for connecting, sending and the whole response. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Maximum bytes of a response that are read. */
const maxBody = 65_536;

/**
 * Sends one POST request and reads the response. Redirects are not followed. The timeout is absolute: a receiver that sends its
 * response byte by byte does not extend it.
 *
 * @throws Error if there is no complete response in time, with the status if it was received. @internal
 */
export function httpPost(post: HttpPost): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let answer: Omit<HttpAnswer, 'body' | 'complete'> | undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    let complete = false;
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      post.signal.removeEventListener('abort', onAbort);
      if (answer === undefined) reject(error ?? new Error('the connection was closed without a response'));
      else resolve({ ...answer, body: Buffer.concat(chunks), complete });
    };
    const request = post.open(
      post.url,
      { method: 'POST', agent: post.agent, headers: { ...post.headers, 'content-length': String(post.body.length) } },
      (response) => {
        answer = { status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] };
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size <= maxBody) chunks.push(chunk);
          else {
            // Too long for a response of OTLP.
            complete = true;
            request.destroy();
          }
        });
        response.on('end', () => {
          complete = response.complete;
          finish();
        });
        response.on('error', () => finish());
        response.on('close', () => finish());
      },
    );
    const fail = (message: string): void => {
      const error = new Error(message);
      request.destroy(error);
      finish(error);
    };
    const onAbort = (): void => fail('aborted');
    const timer = setTimeout(() => fail(`no complete response within ${post.timeoutMs} ms`), post.timeoutMs).unref();
    post.signal.addEventListener('abort', onAbort, { once: true });
    request.on('error', finish);
    // A request must not keep the program alive; a flush that waits for it does that itself.
    request.on('socket', (socket) => socket.unref());
    request.end(post.body);
  });
}
