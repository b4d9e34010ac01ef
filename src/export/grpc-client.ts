// Makes unary gRPC calls over node:http2.
import {
  connect as connectHttp2,
  type ClientHttp2Session,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** The result of a call, as reported by the server. @internal */
export interface GrpcAnswer {
  /** `grpc-status`; undefined if the response ended without one. */
  readonly status: number | undefined;
  readonly message: string;
  /** `grpc-status-details-bin`: a google.rpc.Status. */
  readonly details: Buffer | undefined;
  /** The message of the response, without its frame; undefined if there was none. */
  readonly body: Buffer | undefined;
}

/** Options of a {@link GrpcClient}. @internal */
export interface GrpcTarget {
  /** `http:` or `https:`; the path is ignored. */
  readonly url: URL;
  /** A Unix domain socket, instead of the host and port of the URL. */
  readonly socketPath: string | undefined;
  /** The method, as `/package.Service/Method`. */
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: SecureClientSessionOptions;
  readonly timeoutMs: number;
}

/** Maximum bytes of a response that are read. */
const maxBody = 65_536;

/**
 * The status for a response that is not gRPC, from a server or a proxy:
 * https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
const statusOfHttp: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const unknown = 2;

/**
 * Makes unary gRPC calls of one method over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md. Requests and
 * responses are bytes, which the caller encodes and decodes.
 *
 * @internal
 */
export class GrpcClient {
  readonly #target: GrpcTarget;
  /** Named where a client is created, because the build loads node:http2 there. */
  readonly #connect: typeof connectHttp2 = connectHttp2;
  #session: ClientHttp2Session | undefined;
  /** The reason why a session ended; its streams only report that they were cancelled. */
  readonly #sessionErrors: WeakMap<ClientHttp2Session, Error> = new WeakMap();

  constructor(target: GrpcTarget) {
    this.#target = target;
  }

  /** @throws Error if there is no response: no connection, a closed connection, a timeout or an abort. */
  call(message: Buffer, compressed: boolean, signal: AbortSignal): Promise<GrpcAnswer> {
    return new Promise((resolve, reject) => {
      const { url, method, headers, timeoutMs } = this.#target;
      const session = this.#open();
      const stream = session.request({
        ...headers,
        ':method': 'POST',
        ':scheme': url.protocol.slice(0, -1),
        ':path': method,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${Math.min(timeoutMs, 99_999_999)}m`,
        ...(compressed && { 'grpc-encoding': 'gzip' }),
      });
      let head: (IncomingHttpHeaders & IncomingHttpStatusHeader) | undefined;
      let trailers: IncomingHttpHeaders | undefined;
      let failure: Error | undefined;
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if (head === undefined || (failure !== undefined && trailers === undefined)) {
          reject(
            this.#sessionErrors.get(session) ?? failure ?? new Error('the connection was closed without a response'),
          );
        } else {
          resolve(readAnswer(head, trailers, Buffer.concat(chunks)));
        }
      };
      const give = (message: string): void => {
        failure ??= new Error(message);
        stream.close(8);
        // The connection may be dead: the next call uses a new one.
        this.#retire(session);
        finish();
      };
      const onAbort = (): void => give('aborted');
      const timer = setTimeout(() => give(`no complete response within ${timeoutMs} ms`), timeoutMs).unref();
      signal.addEventListener('abort', onAbort, { once: true });
      stream.on('response', (received) => (head = received));
      stream.on('trailers', (received) => (trailers = received));
      stream.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxBody) chunks.push(chunk);
      });
      stream.on('error', (error: Error) => (failure ??= error));
      // The session emits its own error after its streams have been closed.
      stream.on('close', () => void setImmediate(finish));
      stream.write(frameOf(message, compressed));
      stream.end(message);
    });
  }

  #open(): ClientHttp2Session {
    const current = this.#session;
    if (current !== undefined && !current.closed && !current.destroyed) return current;
    const { url, socketPath, tls } = this.#target;
    const session = this.#connect(url.origin, {
      ...tls,
      ...(socketPath !== undefined && { createConnection: () => connectSocket(socketPath) }),
    });
    session.on('error', (error: Error) => this.#sessionErrors.set(session, error));
    // A call must not keep the program alive; a flush that waits for it does that itself.
    session.unref();
    this.#session = session;
    return session;
  }

  #retire(session: ClientHttp2Session): void {
    if (this.#session === session) this.#session = undefined;
    // Its other calls may still get responses.
    session.close();
  }

  /** Closes the connection. */
  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }
}

function frameOf(message: Buffer, compressed: boolean): Buffer {
  const frame = Buffer.allocUnsafe(5);
  frame[0] = compressed ? 1 : 0;
  frame.writeUInt32BE(message.length, 1);
  return frame;
}

function readAnswer(
  head: IncomingHttpHeaders & IncomingHttpStatusHeader,
  trailers: IncomingHttpHeaders | undefined,
  body: Buffer,
): GrpcAnswer {
  const http = Number(head[':status'] ?? 0);
  // Without a message the status is in the headers.
  const given = textOf((trailers ?? {})['grpc-status']) ?? textOf(head['grpc-status']);
  const message = textOf((trailers ?? {})['grpc-message']) ?? textOf(head['grpc-message']) ?? '';
  const details = textOf((trailers ?? {})['grpc-status-details-bin']) ?? textOf(head['grpc-status-details-bin']);
  const status = given !== undefined && /^\d{1,3}$/.test(given) ? Number(given) : undefined;
  return {
    status: status ?? (http === 200 ? undefined : (statusOfHttp[http] ?? unknown)),
    message: status === undefined && http !== 200 ? `HTTP ${http}` : decodeMessage(message),
    details: details === undefined ? undefined : Buffer.from(details, 'base64'),
    body: body.length >= 5 && body.length === 5 + body.readUInt32BE(1) && body[0] === 0 ? body.subarray(5) : undefined,
  };
}

function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** `grpc-message` is percent-encoded. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
