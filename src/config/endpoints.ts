// Parses endpoints of OTLP over HTTP and gRPC, and of Zipkin.
import { warn } from '../common/warnings.ts';
import type { Environment } from './environment.ts';
import type { ExportTarget } from './export-target.ts';
import type { Signal } from './names.ts';

const grpcDefault = 'http://localhost:4317';
const httpDefault = 'http://localhost:4318';
const zipkinDefault = 'http://localhost:9411/api/v2/spans';

/** The URL if its scheme is http or https, else undefined. @internal */
export function parseHttpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Whether this is a valid gRPC target: `http://host:port`, `https://host:port`, `host:port` or a Unix socket. @internal */
export function isGrpcTarget(text: string): boolean {
  return text.startsWith('unix:') || parseHttpUrl(text.includes('://') ? text : `https://${text}`) !== undefined;
}

/**
 * The full URL for OTLP over HTTP. A variable for one signal is used unchanged; to a base URL, `/v1/traces` or `/v1/metrics` is
 * appended.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
 * @internal
 */
export function otlpHttpUrl(options: ExportTarget, environment: Environment, signal: Signal = 'TRACES'): string {
  const variable =
    urlOf(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, environment)?.href ??
    underPath(urlOf('OTEL_EXPORTER_OTLP_ENDPOINT', environment), signal, false);
  const option = underPath(urlOption(options.endpoint), signal, true);
  return environment.settle(option, variable) ?? `${httpDefault}${paths[signal]}`;
}

/** The target for OTLP over gRPC; a scheme, if there is one, decides on TLS. @internal */
export function otlpGrpcUrl(options: ExportTarget, environment: Environment, signal: Signal = 'TRACES'): string {
  const names = [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  const variable = names.map((name) => grpcTargetOf(name, environment)).find((target) => target !== undefined);
  return environment.settle(options.endpoint, variable) ?? grpcDefault;
}

/** @internal */
export function zipkinUrl(options: ExportTarget, environment: Environment): string {
  const option = options.endpoint === undefined ? undefined : urlOption(options.endpoint);
  if (option?.pathname === '/') option.pathname = '/api/v2/spans';
  const variable = urlOf('OTEL_EXPORTER_ZIPKIN_ENDPOINT', environment);
  return environment.settle(option, variable)?.href ?? zipkinDefault;
}

function grpcTargetOf(name: string, environment: Environment): string | undefined {
  const text = environment.text(name);
  if (text === undefined || isGrpcTarget(text)) return text;
  environment.reject(name, 'http://host:port, https://host:port or host:port', true);
  return undefined;
}

function urlOf(name: string, environment: Environment): URL | undefined {
  const text = environment.text(name);
  if (text === undefined) return undefined;
  const url = parseHttpUrl(text);
  if (url === undefined) environment.reject(name, 'a URL that starts with http:// or https://', true);
  return url;
}

/** The option was checked for the protocol named in code, but a variable may select another protocol. */
function urlOption(endpoint: string | undefined): URL | undefined {
  if (endpoint === undefined) return undefined;
  const url = parseHttpUrl(endpoint);
  if (url === undefined) warn('the endpoint option is not an HTTP URL and is not used');
  return url;
}

const paths: Readonly<Record<Signal, string>> = { TRACES: '/v1/traces', METRICS: '/v1/metrics' };

/** @param mayBeFull - whether the URL may end with the path for traces, which is then replaced by the path for the signal. */
function underPath(url: URL | undefined, signal: Signal, mayBeFull: boolean): string | undefined {
  if (url === undefined) return undefined;
  const full = new URL(url);
  const ending = mayBeFull ? /\/v1\/traces\/?$/.exec(full.pathname) : null;
  if (ending !== null && signal === 'TRACES') return full.href;
  const base = ending === null ? full.pathname.replace(/\/$/, '') : full.pathname.slice(0, ending.index);
  full.pathname = `${base}${paths[signal]}`;
  return full.href;
}
