// Receives OTLP over gRPC: one unary call for each signal, with one framed message each way and the status in the trailers.
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type Access, hasToken, refusal } from './access.ts';
import type { Intake, Signal } from './intake.ts';
import { decompress, readBody, RefusedRequest } from './request-body.ts';

const paths: Readonly<Record<string, Signal | 'ignored'>> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'traces',
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'ignored',
};

const Status = {
  ok: 0,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** Size of the flag and the length before each message. */
const frameHeader = 5;
const emptyMessage = Buffer.alloc(frameHeader);

/** An OTLP/gRPC receiver, without TLS, as usual for a collector on the same machine. */
export function createGrpcReceiver(intake: Intake, access: Access): Http2Server {
  const server = createServer({ maxSessionMemory: 64, settings: { maxConcurrentStreams: 100 } });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.destroy());
    receive(intake, access, stream, headers).then(
      () => answer(stream, Status.ok, ''),
      (error: unknown) => {
        stream.resume();
        answer(stream, statusOf(error), error instanceof Error ? error.message : 'bad request');
      },
    );
  });
  server.on('sessionError', () => {});
  return server;
}

async function receive(
  intake: Intake,
  access: Access,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const refused = refusal(access, { ...headers, host: headers[':authority'] ?? headers.host }, 'loopback');
  if (refused !== undefined) throw new RefusedRequest(403, refused);
  if (!hasToken(access, headers, new URL('http://localhost')))
    throw new RefusedRequest(401, 'expected the metadata "authorization: Bearer TOKEN"');
  const signal = paths[headers[':path'] ?? ''];
  if (signal === undefined)
    throw new RefusedRequest(404, 'unknown service: expected the TraceService or the MetricsService of OTLP');
  if (!String(headers['content-type']).startsWith('application/grpc'))
    throw new RefusedRequest(415, 'content-type: expected application/grpc');
  const message = await unframe(await readBody(stream, undefined), String(headers['grpc-encoding'] ?? 'identity'));
  if (signal !== 'ignored') intake.take(signal, message, 'protobuf');
}

async function unframe(body: Buffer, encoding: string): Promise<Buffer> {
  if (body.length < frameHeader || body.readUInt32BE(1) !== body.length - frameHeader)
    throw new RefusedRequest(400, 'expected one complete message');
  const message = body.subarray(frameHeader);
  return body[0] === 0 ? message : decompress(message, encoding);
}

function statusOf(error: unknown): number {
  if (!(error instanceof RefusedRequest)) return Status.invalidArgument;
  if (error.status === 403) return Status.permissionDenied;
  if (error.status === 401) return Status.unauthenticated;
  if (error.status === 404 || error.status === 415) return Status.unimplemented;
  if (error.status === 413) return Status.resourceExhausted;
  return error.status === 503 ? Status.unavailable : Status.invalidArgument;
}

function answer(stream: ServerHttp2Stream, status: number, message: string): void {
  if (stream.destroyed || stream.headersSent) return;
  const head = { ':status': 200, 'content-type': 'application/grpc' };
  const trailers = { 'grpc-status': String(status), 'grpc-message': encodeURIComponent(message) };
  if (status !== Status.ok) {
    stream.respond({ ...head, ...trailers }, { endStream: true });
    return;
  }
  stream.respond(head, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end(emptyMessage);
}
