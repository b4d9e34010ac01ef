import { createRequire } from 'node:module';
import { diag } from '@opentelemetry/api';
import type * as grpcJs from '@grpc/grpc-js';
import { ConsoleSpanExporter, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Destination } from './destinations.ts';
import type { Environment } from './environment.ts';
import { loadOptional } from './optional-package.ts';

type OtlpDestination = Extract<Destination, { exporter: 'otlp' }>;

/**
 * The official exporter for a destination, its package loaded now and only if chosen. What has no option here (timeout,
 * compression, certificates) it reads from its `OTEL_EXPORTER_*` variables itself.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY`.
 * @internal
 */
export function createExporter(destination: Destination, environment: Environment): SpanExporter {
  if (environment.mode === 'ignore') return withoutExporterVariables(() => create(destination, true));
  return create(destination, false);
}

function create(destination: Destination, ignoreVariables: boolean): SpanExporter {
  if (destination.exporter === 'console') return new ConsoleSpanExporter();
  const { url } = destination;
  const headers = { ...destination.headers };
  if (destination.exporter === 'zipkin') {
    return new (loadOptional('@opentelemetry/exporter-zipkin', 'protocol zipkin').ZipkinExporter)({ url, headers });
  }
  const wantedBy = `protocol ${destination.protocol}`;
  if (destination.protocol === 'grpc') return createGrpc(destination, wantedBy, ignoreVariables);
  const json = destination.protocol === 'http/json';
  const { OTLPTraceExporter } = json
    ? loadOptional('@opentelemetry/exporter-trace-otlp-http', wantedBy)
    : loadOptional('@opentelemetry/exporter-trace-otlp-proto', wantedBy);
  return new OTLPTraceExporter({ url, headers });
}

function createGrpc({ url, headers }: OtlpDestination, wantedBy: string, ignoreVariables: boolean): SpanExporter {
  const name = '@opentelemetry/exporter-trace-otlp-grpc';
  const { OTLPTraceExporter } = loadOptional(name, wantedBy);
  // The exporter's own copy of grpc-js: metadata of another copy would not be an instance of its class.
  const grpc = createRequire(createRequire(import.meta.url).resolve(name))('@grpc/grpc-js') as typeof grpcJs;
  const metadata = new grpc.Metadata();
  for (const [header, value] of Object.entries(headers)) {
    try {
      metadata.set(header, value);
    } catch {
      // gRPC allows less than HTTP, and a variable may have chosen gRPC: that must not keep the process from starting.
      diag.warn(`mqtrace: the header ${JSON.stringify(header)} cannot be sent over gRPC and is left out`);
    }
  }
  if (!ignoreVariables) return new OTLPTraceExporter({ url, metadata });
  // The exporter reads its certificate variables at the first export, unless credentials are given.
  const plain = url.startsWith('http://');
  const credentials = plain ? grpc.credentials.createInsecure() : grpc.credentials.createSsl();
  return new OTLPTraceExporter({ url, metadata, credentials });
}

/** The official exporters have no switch that keeps them from reading variables; what they need is handed to them instead. */
function withoutExporterVariables<T>(fn: () => T): T {
  const hidden = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_EXPORTER_'));
  for (const [name] of hidden) delete process.env[name];
  try {
    return fn();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}
