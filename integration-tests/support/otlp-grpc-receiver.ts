import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { decodeProtobuf, type ReceivedSpan } from './otlp-decode.ts';

/** A small collector that takes OTLP over gRPC, without TLS, on a free port of the loopback interface. */
export interface OtlpGrpcReceiver {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** The metadata of each call, as plain objects. */
  readonly metadata: readonly Record<string, unknown>[];
  close(): void;
}

/** What a receiver answers. */
const emptyResponse = Buffer.alloc(0);

export async function startOtlpGrpcReceiver(): Promise<OtlpGrpcReceiver> {
  const spans: ReceivedSpan[] = [];
  const metadata: Record<string, unknown>[] = [];
  const server = new Server();
  const method = {
    path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes: Buffer) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
  server.addService(
    { Export: method },
    {
      Export(call: { request: Buffer; metadata: Metadata }, respond: (error: null, response: Buffer) => void) {
        spans.push(...decodeProtobuf(call.request));
        metadata.push(call.metadata.getMap());
        respond(null, emptyResponse);
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { url: `http://127.0.0.1:${port}`, spans, metadata, close: () => server.forceShutdown() };
}
