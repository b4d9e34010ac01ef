import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeJson, decodeProtobuf, type ReceivedSpan } from './otlp-decode.ts';

export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As sent, uncompressed. */
  readonly body: Buffer;
  readonly spans: readonly ReceivedSpan[];
}

/** A small collector: takes OTLP over HTTP, protobuf or JSON, on a free port of the loopback interface. */
export interface OtlpReceiver extends AsyncDisposable {
  /** Base URL, such as `http://127.0.0.1:40123`. */
  readonly url: string;
  /** All spans received so far, in order of arrival. */
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly ReceivedRequest[];
  /** Resolves with all spans once `done` says so; rejects after `timeoutMs` (default 10000) with what has arrived. */
  waitFor(done: (spans: readonly ReceivedSpan[]) => boolean, timeoutMs?: number): Promise<readonly ReceivedSpan[]>;
  /** Forgets what was received. */
  clear(): void;
  close(): Promise<void>;
}

export interface OtlpReceiverOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Called for each request, after its spans were stored. */
  readonly onRequest?: (request: ReceivedRequest) => void;
}

export async function startOtlpReceiver(options: OtlpReceiverOptions = {}): Promise<OtlpReceiver> {
  const requests: ReceivedRequest[] = [];
  const spans: ReceivedSpan[] = [];
  const waiting = new Set<() => void>();

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const json = (request.headers['content-type'] ?? '').includes('json');
    const body = await readBody(request);
    const received = {
      path: request.url ?? '',
      headers: request.headers,
      body,
      spans: (json ? decodeJson : decodeProtobuf)(body),
    };
    requests.push(received);
    spans.push(...received.spans);
    options.onRequest?.(received);
    // An empty response message: no bytes in protobuf, an empty object in JSON.
    response.writeHead(200, { 'content-type': json ? 'application/json' : 'application/x-protobuf' });
    response.end(json ? '{}' : undefined);
    for (const check of waiting) check();
  }

  const server = createServer((request, response) => {
    receive(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };

  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    requests,
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
          reject(new Error(`not what was waited for after ${timeoutMs} ms: ${spans.length} spans (${names})`));
        }, timeoutMs);
        waiting.add(check);
        check();
      });
    },
    clear() {
      requests.length = 0;
      spans.length = 0;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
}
