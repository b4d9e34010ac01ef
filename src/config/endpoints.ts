// Reads endpoints of OTLP over HTTP and gRPC, and of Zipkin.
import { warn } from '../common/warnings.ts';
import type { Environment } from './environment.ts';
import type { ExportTarget } from './export-target.ts';

const grpcDefault = 'http://localhost:4317';
const httpDefault = 'http://localhost:4318/v1/traces';
const zipkinDefault = 'http://localhost:9411/api/v2/spans';

/** The URL if it is one for HTTP, else undefined. @internal */
export function parseHttpUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}

/** Whether gRPC can be asked to connect there: `http://host:port`, `https://host:port`, `host:port` or a Unix socket. @internal */
export function isGrpcTarget(text: string): boolean {
  return text.startsWith('unix:') || parseHttpUrl(text.includes('://') ? text : `https://${text}`) !== undefined;
}

/**
 * The full URL for OTLP over HTTP. The variable for traces alone is taken as it is, a base URL gets `/v1/traces`.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
 * @internal
 */
export function otlpHttpUrl(options: ExportTarget, environment: Environment): string {
  const variable =
    urlOf('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', environment)?.href ??
    underTracesPath(urlOf('OTEL_EXPORTER_OTLP_ENDPOINT', environment), false);
  return environment.settle(underTracesPath(urlOption(options.endpoint), true), variable) ?? httpDefault;
}

/** The target for OTLP over gRPC; a scheme, if there is one, decides on TLS. @internal */
export function otlpGrpcUrl(options: ExportTarget, environment: Environment): string {
  const names = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
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

/** The option was checked for the protocol named in code; a variable may have chosen another one since. */
function urlOption(endpoint: string | undefined): URL | undefined {
  if (endpoint === undefined) return undefined;
  const url = parseHttpUrl(endpoint);
  if (url === undefined) warn('the endpoint option is no URL for HTTP and is not used');
  return url;
}

function underTracesPath(url: URL | undefined, keepFull: boolean): string | undefined {
  if (url === undefined) return undefined;
  const full = new URL(url);
  if (keepFull && /\/v1\/traces\/?$/.test(full.pathname)) return full.href;
  full.pathname = `${full.pathname.replace(/\/$/, '')}/v1/traces`;
  return full.href;
}
