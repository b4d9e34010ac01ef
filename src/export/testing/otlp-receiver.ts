import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import { decodeRequest, encodePartialSuccess, spansOf } from './otlp-schema.ts';

/** How the receiver behaves; spans count as received only where it takes them. */
export interface Behaviour {
  /** HTTP status, or code of a gRPC error. Default: success. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** A google.rpc.Status for gRPC. */
  readonly details?: Buffer;
  /** Milliseconds before the answer. */
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** One byte of the answer every so many milliseconds, without end. */
  readonly dripMs?: number;
  /** Closes the connection: before reading, or after the headers of the answer. */
  readonly cut?: 'before' | 'after';
  /** Spans of a request that it says it rejected. */
  readonly reject?: number;
  /** Requests with more spans than this are too large. */
  readonly maxSpans?: number;
}

/** Counts what arrives, by span id, decoded with protobufjs. */
export class Received {
  readonly spans: Map<string, number> = new Map();
  requests = 0;
  /** Requests that were answered with an error. */
  refused = 0;
  /** Requests that were no export request. */
  undecodable = 0;
  /** Headers of the latest request. */
  headers: http.IncomingHttpHeaders = {};
  open = 0;
  mostOpen = 0;
  /** Finds the ids in a request in protobuf. */
  readIds: (body: Buffer) => string[] = (body) =>
    spansOf(decodeRequest(body)).map((span) => Buffer.from(span.spanId, 'base64').toString('hex'));

  /** The spans of a request; undefined if it cannot be decoded. */
  decode(body: Buffer, type: string | undefined): string[] | undefined {
    try {
      if (type === 'application/json') {
        const { resourceSpans } = JSON.parse(body.toString()) as {
          resourceSpans: { scopeSpans: { spans: { spanId: string }[] }[] }[];
        };
        return resourceSpans.flatMap((each) =>
          each.scopeSpans.flatMap((scope) => scope.spans.map((span) => span.spanId)),
        );
      }
      return this.readIds(body);
    } catch {
      this.undecodable++;
      return undefined;
    }
  }

  take(ids: readonly string[]): void {
    for (const id of ids) this.spans.set(id, (this.spans.get(id) ?? 0) + 1);
  }
}

/** A receiver for OTLP over HTTP that behaves as it is told to, also badly. */
export class HttpReceiver {
  readonly received: Received = new Received();
  behaviour: Behaviour | ((requestNumber: number) => Behaviour) = {};
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

  /** Refuses connections from here on, and cuts those that are open. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    this.#server = undefined;
  }

  /** Takes one request. */
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
    const ids = received.decode(body, type);
    if (behaviour.delayMs) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
    if (behaviour.hang) return;
    if (ids === undefined) {
      response.writeHead(400).end();
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
    const json = type === 'application/json';
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

/** A receiver for OTLP over gRPC that behaves as it is told to. */
export class GrpcReceiver {
  readonly received: Received = new Received();
  behaviour: Behaviour = {};
  metadata: grpc.Metadata | undefined;
  /** The addresses that calls came from: one for each connection. */
  readonly peers: Set<string> = new Set();
  #server: grpc.Server | undefined;
  port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(
    port: number = this.port,
    credentials: grpc.ServerCredentials = grpc.ServerCredentials.createInsecure(),
    address: string = `127.0.0.1:${port}`,
  ): Promise<this> {
    const server = new grpc.Server();
    const identity = (bytes: Buffer): Buffer => bytes;
    server.addService(
      {
        export: {
          path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
          requestStream: false,
          responseStream: false,
          requestSerialize: identity,
          requestDeserialize: identity,
          responseSerialize: identity,
          responseDeserialize: identity,
        },
      },
      {
        export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
          void this.#handle(call, done),
      },
    );
    this.port = await new Promise<number>((resolve, reject) => {
      server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.#server = server;
    return this;
  }

  stop(): Promise<void> {
    this.#server?.forceShutdown();
    this.#server = undefined;
    return Promise.resolve();
  }

  async #handle(call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): Promise<void> {
    const { received, behaviour } = this;
    received.requests++;
    this.metadata = call.metadata;
    this.peers.add(call.getPeer());
    const ids = received.decode(call.request, undefined);
    if (behaviour.delayMs) await new Promise((resolve) => setTimeout(resolve, behaviour.delayMs));
    if (behaviour.hang) return;
    const tooLarge = behaviour.maxSpans !== undefined && (ids?.length ?? 0) > behaviour.maxSpans;
    const code = tooLarge ? grpc.status.RESOURCE_EXHAUSTED : behaviour.status;
    if (ids === undefined || code !== undefined) {
      const metadata = new grpc.Metadata();
      if (behaviour.details !== undefined) metadata.set('grpc-status-details-bin', behaviour.details);
      const error: unknown = { code: code ?? grpc.status.INVALID_ARGUMENT, details: 'told to', metadata };
      done(error as grpc.ServiceError);
      return;
    }
    received.take(ids.slice(behaviour.reject ?? 0));
    done(
      null,
      behaviour.reject === undefined ? Buffer.alloc(0) : Buffer.from(encodePartialSuccess(behaviour.reject, 'told to')),
    );
  }
}
