import type { Agent as HttpAgent, AgentOptions as HttpAgentOptions } from 'node:http';
import type { Agent as HttpsAgent, AgentOptions as HttpsAgentOptions } from 'node:https';
import { diag } from '@opentelemetry/api';
import type { OTLPExporterNodeConfigBase } from '@opentelemetry/otlp-exporter-base';
import { loadOptional } from '../config/optional-package.ts';
import { GrpcSender } from './grpc-sender.ts';
import { HttpSender, type HttpTarget } from './http-sender.ts';
import { toJson } from './otlp-json.ts';
import { readJsonResponse, readProtobufResponse } from './partial-success.ts';
import type { Sender } from './sender.ts';

/** How requests are made. */
export interface TransportOptions {
  /** Milliseconds that one request may take, answer included. Default 10000. Variables: `OTEL_EXPORTER_OTLP_(TRACES_)TIMEOUT`. */
  readonly timeoutMs?: number | undefined;
  /** Default `none`. Variables: `OTEL_EXPORTER_OTLP_(TRACES_)COMPRESSION`. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /** Options of Node's HTTP agent (certificates, sockets), or a function that makes an agent, for a proxy for instance. HTTP only. */
  readonly httpAgentOptions?: HttpAgentOptions | HttpsAgentOptions | AgentFactory | undefined;
}

/** Makes the agent for `http:` or `https:`. */
export type AgentFactory = (protocol: string) => HttpAgent | HttpsAgent | Promise<HttpAgent> | Promise<HttpsAgent>;

/** A destination for OTLP, with nothing left to look up. @internal */
export interface OtlpTarget extends TransportOptions {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether certificates and the like may be read from `OTEL_EXPORTER_*`. */
  readonly useVariables: boolean;
}

type Compression = NonNullable<OTLPExporterNodeConfigBase['compression']>;
type HttpSettings = Pick<HttpTarget, 'url' | 'headers' | 'agentFactory' | 'timeoutMs' | 'compression'>;

/** The official enumeration, by its value: importing it would load the package. */
function compressionOf(name: 'none' | 'gzip'): Compression {
  const known: unknown = name;
  return known as Compression;
}

const tracesPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** The official exporters have no switch that keeps them from reading variables. */
function withoutVariables<T>(hide: boolean, fn: () => T): T {
  const hidden = hide ? Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_EXPORTER_')) : [];
  for (const [name] of hidden) delete process.env[name];
  try {
    return fn();
  } finally {
    for (const [name, value] of hidden) process.env[name] = value;
  }
}

/**
 * The sender for a destination, configured as the official exporter would be.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY`.
 * @internal
 */
export function createOtlpSender(target: OtlpTarget): Sender {
  return withoutVariables(!target.useVariables, () =>
    target.protocol === 'grpc' ? createGrpc(target) : createHttp(target),
  );
}

/** Where, with what headers, agent and timeout, as the official exporter settles it. @internal */
export function httpSettings(target: Omit<OtlpTarget, 'protocol'> & { readonly protocol: string }): HttpSettings {
  return withoutVariables(!target.useVariables, () => {
    const { convertLegacyHttpOptions } = loadOptional(
      '@opentelemetry/otlp-exporter-base/node-http',
      `protocol ${target.protocol}`,
    );
    const config = convertLegacyHttpOptions(
      {
        url: target.url,
        headers: { ...target.headers },
        ...(target.timeoutMs !== undefined && { timeoutMillis: target.timeoutMs }),
        ...(target.compression !== undefined && { compression: compressionOf(target.compression) }),
        ...(target.httpAgentOptions !== undefined && { httpAgentOptions: target.httpAgentOptions }),
      },
      target.protocol === 'zipkin' ? 'ZIPKIN' : 'TRACES',
      'v1/traces',
      {},
    );
    return {
      url: config.url,
      // Headers of variables are merged already, or not for this destination.
      headers: async () => ({ ...(target.protocol === 'zipkin' ? target.headers : await config.headers()) }),
      agentFactory: config.agentFactory,
      timeoutMs: config.timeoutMillis,
      compression: config.compression,
    };
  });
}

function createHttp(target: OtlpTarget): Sender {
  const json = target.protocol === 'http/json';
  return new HttpSender({
    ...httpSettings(target),
    contentType: json ? 'application/json' : 'application/x-protobuf',
    ...(json && { encode: (request: Buffer) => Buffer.from(JSON.stringify(toJson(request))) }),
    readSuccess: json ? readJsonResponse : readProtobufResponse,
  });
}

function createGrpc(target: OtlpTarget): Sender {
  const grpc = loadOptional('@opentelemetry/otlp-grpc-exporter-base', 'protocol grpc');
  // Its own constructor of metadata: that of another copy of grpc-js would not do.
  const metadata = grpc.createEmptyMetadata();
  for (const [name, value] of Object.entries(target.headers)) {
    try {
      metadata.set(name, value);
    } catch {
      // gRPC allows less than HTTP, and a variable may have chosen gRPC: that must not keep the process from starting.
      diag.warn(`mqtrace: the header ${JSON.stringify(name)} cannot be sent over gRPC and is left out`);
    }
  }
  const credentials = target.useVariables
    ? {}
    : {
        credentials: target.url.startsWith('http://') ? grpc.createInsecureCredentials() : grpc.createSslCredentials(),
      };
  const config = grpc.convertLegacyOtlpGrpcOptions(
    {
      url: target.url,
      metadata,
      // It would refuse what is beyond 30; how many there may be is counted by who calls.
      concurrencyLimit: Number.MAX_SAFE_INTEGER,
      ...credentials,
      ...(target.timeoutMs !== undefined && { timeoutMillis: target.timeoutMs }),
      ...(target.compression !== undefined && { compression: compressionOf(target.compression) }),
    },
    'TRACES',
  );
  const create = (
    serializer: Parameters<ConstructorParameters<typeof GrpcSender>[0]>[0],
  ): ReturnType<ConstructorParameters<typeof GrpcSender>[0]> =>
    grpc.createOtlpGrpcExportDelegate<Buffer, Record<string, never>>(
      config,
      serializer,
      'otlp_grpc_span_exporter',
      { name: 'span', countItems: () => 0 },
      undefined,
      'TraceExportService',
      tracesPath,
    );
  return new GrpcSender(create, config.timeoutMillis);
}
