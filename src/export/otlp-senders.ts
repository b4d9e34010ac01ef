// Creates the senders for OTLP, with certificates, agents and timeouts.
import { Agent as HttpAgent, type AgentOptions as HttpAgentOptions } from 'node:http';
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions } from 'node:https';
import { warn } from '../common/warnings.ts';
import type { Signal } from '../config/names.ts';
import type { TlsFiles } from '../config/tls-files.ts';
import { GrpcSender } from './grpc-sender.ts';
import { HttpSender, type HttpTarget } from './http-sender.ts';
import { toJson } from './otlp-json.ts';
import { readJsonResponse, readProtobufResponse } from './partial-success.ts';
import type { Sender } from './sender.ts';
import { userAgent } from './user-agent.ts';

/** Options of requests. */
export interface TransportOptions {
  /**
   * Timeout in milliseconds of one request, including the response. Default 10000. Variables:
   * `OTEL_EXPORTER_OTLP_(TRACES_)TIMEOUT`.
   */
  readonly timeoutMs?: number | undefined;
  /** Default `none`. Variables: `OTEL_EXPORTER_OTLP_(TRACES_)COMPRESSION`. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /**
   * Options of Node's HTTP agent (certificates, sockets), or a function that creates an agent, for example for a proxy. gRPC uses
   * only the TLS options (`ca`, `cert`, `key` and the like) and no function. Variables: `OTEL_EXPORTER_OTLP_(TRACES_)CERTIFICATE`,
   * `_CLIENT_CERTIFICATE`, `_CLIENT_KEY`.
   */
  readonly httpAgentOptions?: HttpAgentOptions | HttpsAgentOptions | AgentFactory | undefined;
}

/** Creates the agent for `http:` or `https:`. */
export type AgentFactory = (protocol: string) => HttpAgent | HttpsAgent | Promise<HttpAgent> | Promise<HttpsAgent>;

/** A fully resolved destination for OTLP. @internal */
export interface OtlpTarget extends TransportOptions {
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificates that variables name; they take precedence over those of `httpAgentOptions`. */
  readonly tls?: TlsFiles | undefined;
}

const methods: Readonly<Record<Signal, string>> = {
  TRACES: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  METRICS: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};
const defaultTimeoutMs = 10_000;

/**
 * Creates a sender. It accepts spans in protobuf for every protocol, and metrics in the encoding of the protocol.
 *
 * @internal
 */
export function createOtlpSender(target: OtlpTarget, signal: Signal = 'TRACES'): Sender {
  if (target.protocol === 'grpc') return createGrpc(target, signal);
  const json = target.protocol === 'http/json';
  return new HttpSender({
    ...httpSettings(target),
    contentType: json ? 'application/json' : 'application/x-protobuf',
    ...(json && signal === 'TRACES' && { encode: (request: Buffer) => Buffer.from(JSON.stringify(toJson(request))) }),
    readSuccess: json ? readJsonResponse : readProtobufResponse,
  });
}

/** The URL, headers, agent and timeout of a sender. @internal */
export function httpSettings(
  target: Omit<OtlpTarget, 'protocol'>,
): Pick<HttpTarget, 'url' | 'headers' | 'agentFactory' | 'timeoutMs' | 'compression'> {
  const { httpAgentOptions: given, tls } = target;
  // Selected here, because the build loads node:http and node:https where the code names them.
  const Agent = new URL(target.url).protocol === 'https:' ? HttpsAgent : HttpAgent;
  const makeAgent = (): HttpAgent | HttpsAgent =>
    new Agent({ keepAlive: true, ...(given as HttpsAgentOptions | undefined), ...tls });
  return {
    url: target.url,
    headers: target.headers,
    agentFactory: typeof given === 'function' ? given : makeAgent,
    timeoutMs: target.timeoutMs ?? defaultTimeoutMs,
    compression: target.compression ?? 'none',
  };
}

function createGrpc(target: OtlpTarget, signal: Signal): Sender {
  const { httpAgentOptions: given, url: text } = target;
  const socketPath = text.startsWith('unix:') ? text.replace(/^unix:(\/\/)?/, '') : undefined;
  // A target without a scheme uses TLS.
  const url = socketPath === undefined ? (text.includes('://') ? text : `https://${text}`) : 'http://localhost';
  return new GrpcSender({
    url: new URL(url),
    socketPath,
    method: methods[signal],
    headers: { 'user-agent': userAgent, ...metadataOf(target.headers) },
    tls: { ...(typeof given === 'function' ? {} : given), ...target.tls },
    timeoutMs: target.timeoutMs ?? defaultTimeoutMs,
    compression: target.compression ?? 'none',
  });
}

/** Names that are reserved by HTTP/2 or gRPC. */
const reserved =
  /^(?:connection|keep-alive|proxy-connection|transfer-encoding|upgrade|http2-settings|te|host|content-type|content-length|grpc-.*)$/;

/** The headers that gRPC can send, which are fewer than in HTTP: a variable may select gRPC. */
function metadataOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    const valid = /^[0-9a-z_.-]+$/.test(name) && !name.endsWith('-bin') && !reserved.test(name);
    if (valid && /^[\x20-\x7e]*$/.test(value)) metadata[name] = value;
    else warn(`the header ${JSON.stringify(given)} cannot be sent over gRPC and is omitted`);
  }
  return metadata;
}
