// Receives OTLP over gRPC in tests.
import * as grpc from '@grpc/grpc-js';
import { decodeProtobuf, type ReceivedSpan } from './otlp-decode.ts';
import { decodeMetrics, type ReceivedPoint } from './otlp-decode-metrics.ts';
import { encodePartialSuccess } from './otlp-schema.ts';
import { type Behaviour, Received } from './received.ts';

/** A small collector that accepts OTLP over gRPC, without TLS, on a free port of the loopback interface. */
export interface OtlpGrpcReceiver {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The metadata of each call, as plain objects. */
  readonly metadata: readonly Record<string, unknown>[];
  close(): void;
}

/** A receiver for OTLP over gRPC with configurable behaviour. */
export class GrpcReceiver {
  readonly received: Received = new Received();
  behaviour: Behaviour = {};
  metadata: grpc.Metadata | undefined;
  /** The client addresses of the calls: one for each connection. */
  readonly peers: Set<string> = new Set();
  /** Called for each accepted call. */
  onRequest: ((call: grpc.ServerUnaryCall<Buffer, Buffer>) => void) | undefined;
  #server: grpc.Server | undefined;
  /** The data points of each call with metrics. */
  readonly metrics: ReceivedPoint[][] = [];
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
    const unary = (service: string): grpc.MethodDefinition<Buffer, Buffer> => ({
      path: `/opentelemetry.proto.collector.${service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    });
    server.addService(
      { export: unary('trace.v1.TraceService'), exportMetrics: unary('metrics.v1.MetricsService') },
      {
        export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) =>
          void this.#handle(call, done),
        exportMetrics: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
          this.metadata = call.metadata;
          this.metrics.push(decodeMetrics(call.request, false));
          done(null, Buffer.alloc(0));
        },
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
    const ids = received.decode(call.request, false);
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
    this.onRequest?.(call);
    done(
      null,
      behaviour.reject === undefined ? Buffer.alloc(0) : Buffer.from(encodePartialSuccess(behaviour.reject, 'told to')),
    );
  }
}

/** Starts a receiver that keeps all spans, decoded. */
export async function startOtlpGrpcReceiver(): Promise<OtlpGrpcReceiver> {
  const spans: ReceivedSpan[] = [];
  const metadata: Record<string, unknown>[] = [];
  const receiver = new GrpcReceiver();
  receiver.onRequest = (call) => {
    spans.push(...decodeProtobuf(call.request));
    metadata.push(call.metadata.getMap());
  };
  await receiver.start();
  return { url: receiver.url, spans, metadata, close: () => void receiver.stop() };
}
