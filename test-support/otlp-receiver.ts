// Receives OTLP over HTTP in tests.
import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type ReceivedSpan } from './otlp-decode.ts';
import { decodeMetrics, type ReceivedPoint } from './otlp-decode-metrics.ts';
import { encodePartialSuccess } from './otlp-schema.ts';
import { type Behaviour, Received } from './received.ts';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  /** As sent, uncompressed. */
  readonly body: Buffer;
  readonly spans: readonly ReceivedSpan[];
}

/** A small collector that stores what it receives: OTLP over HTTP, protobuf or JSON, on a free port of the loopback interface. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Base URL, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** All spans received so far, in order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly ReceivedRequest[];
  /** The data points of each request with metrics, in order of arrival. */
  readonly metrics: readonly (readonly ReceivedPoint[])[];
  /** Resolves with all spans once `done` returns true; rejects after `timeoutMs` (default 10000) with the spans received so far. */
  waitFor(done: (spans: readonly ReceivedSpan[]) => boolean, timeoutMs?: number): Promise<readonly ReceivedSpan[]>;
  /** Discards what was received. */
  clear(): void;
  close(): Promise<void>;
}

export interface OtlpReceiverOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Called for each request, after its spans were stored. */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

/** A receiver for OTLP over HTTP with configurable behaviour, including failures. */
export class HttpReceiver {
  readonly received: Received = new Received();
  behaviour: Behaviour | ((requestNumber: number) => Behaviour) = {};
  /** Called for each accepted request, with its uncompressed body. */
  onRequest: ((request: Omit<ReceivedRequest, 'spans'>, json: boolean) => void) | undefined;
  /** The data points of each accepted request with metrics. */
  readonly metrics: ReceivedPoint[][] = [];
  #server: http.Server | undefined;
  readonly #sockets = new Set<Socket>();
  port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/v1/traces`;
  }

  async start(port: number = this.port): Promise<this> {
    const server = http.createServer((request, response) => this.take(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Closes the port and all open connections. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = undefined;
  }

  /** Handles one request. */
  take(request: http.IncomingMessage, response: http.ServerResponse): void {
    void this.#handle(request, response);
  }

  async #handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { received } = this;
    received.requests++;
    received.headers = request.headers;
    received.open++;
    received.mostOpen = Math.max(received.mostOpen, received.open);
    response.on('close', () => received.open--);
    const behaviour = typeof this.behaviour === 'function' ? this.behaviour(received.requests) : this.behaviour;
    if (behaviour.cut === 'before') {
      request.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    const type = request.headers['content-type'];
    const json = type?.includes('json') === true;
    const isMetrics = request.url?.endsWith('/v1/metrics') === true;
    const points = isMetrics ? decodeMetrics(body, json) : [];
    const ids = isMetrics ? [] : received.decode(body, json);
    if (behaviour.delayMs) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
    if (behaviour.hang) return;
    if (ids === undefined) {
      response.writeHead(400).end('not an export request');
      return;
    }
    if (behaviour.dripMs) {
      received.take(ids);
      response.writeHead(200, { 'content-length': '1000000' });
      const drip = setInterval(() => response.write('x'), behaviour.dripMs);
      response.on('close', () => clearInterval(drip));
      return;
    }
    const status =
      behaviour.maxSpans !== undefined && ids.length > behaviour.maxSpans ? 413 : (behaviour.status ?? 200);
    if (status !== 200) {
      received.refused++;
      response
        .writeHead(status, behaviour.retryAfter === undefined ? {} : { 'retry-after': behaviour.retryAfter })
        .end('no');
      return;
    }
    received.take(ids.slice(behaviour.reject ?? 0));
    if (isMetrics) this.metrics.push(points);
    else this.onRequest?.({ path: request.url ?? '', headers: request.headers, body }, json);
    const partial =
      behaviour.reject === undefined ? undefined : { rejectedSpans: String(behaviour.reject), errorMessage: 'told to' };
    const answer = json
      ? Buffer.from(JSON.stringify(partial === undefined ? {} : { partialSuccess: partial }))
      : Buffer.from(partial === undefined ? '' : encodePartialSuccess(behaviour.reject!, 'told to'));
    response.writeHead(200, {
      'content-type': type ?? '',
      'content-length': String(answer.length + (behaviour.cut === 'after' ? 10 : 0)),
    });
    response.write(answer);
    if (behaviour.cut === 'after') setTimeout(() => request.socket.destroy(), 10);
    else response.end();
  }
}

/** Starts a receiver that keeps all spans, decoded. */
export async function startOtlpReceiver(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const spans: ReceivedSpan[] = [];
  const waiting = new Set<() => void>();
  const receiver = new HttpReceiver();
  receiver.onRequest = (request, json) => {
    const received = { ...request, spans: (json ? decodeJson : decodeProtobuf)(request.body) };
    requests.push(received);
    spans.push(...received.spans);
    options.onRequest?.(received);
    for (const check of waiting) check();
  };
  await receiver.start(options.port);
  const close = (): Promise<void> => receiver.stop();

  return {
    url: `http://127.0.0.1:${receiver.port}`,
    spans,
    requests,
    metrics: receiver.metrics,
    waitFor(done, timeoutMs = 10_000) {
      return new Promise((resolve, reject) => {
        const check = (): void => {
          if (!done(spans)) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(spans);
        };
        const timer = setTimeout(() => {
          waiting.delete(check);
          const names = spans.map((span) => span.name).join(', ');
          reject(
            new Error(`the expected spans did not arrive within ${timeoutMs} ms: ${spans.length} spans (${names})`),
          );
        }, timeoutMs);
        waiting.add(check);
        check();
      });
    },
    clear() {
      requests.length = 0;
      spans.length = 0;
      receiver.metrics.length = 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
