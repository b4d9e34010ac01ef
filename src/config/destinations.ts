// Resolves where spans and metrics are sent, from options and OTEL_* variables.
import { otlpGrpcUrl, otlpHttpUrl, zipkinUrl } from './endpoints.ts';
import type { Environment } from './environment.ts';
import type { ExportTarget } from './export-target.ts';
import { headersOf } from './header-list.ts';
import type { ExportProtocol, Signal } from './names.ts';

const otlpProtocols = ['http/protobuf', 'http/json', 'grpc'] as const;
type OtlpProtocol = (typeof otlpProtocols)[number];

const exporterNames = ['otlp', 'zipkin', 'console', 'none'] as const;
type ExporterName = (typeof exporterNames)[number];

/** A receiver of OTLP. @internal */
export interface OtlpDestination {
  readonly exporter: 'otlp';
  readonly protocol: OtlpProtocol;
  readonly url: string;
  readonly headers: Headers;
}

/** Where spans are sent, fully resolved from options and environment. @internal */
export type ResolvedDestination =
  | OtlpDestination
  | { readonly exporter: 'zipkin'; readonly url: string; readonly headers: Headers }
  | { readonly exporter: 'console' };

type Headers = Readonly<Record<string, string>>;

/** One destination per named exporter; none for `none`. @internal */
export function resolveDestinations(options: ExportTarget, environment: Environment): ResolvedDestination[] {
  const named = environment.listOf('OTEL_TRACES_EXPORTER', exporterNames);
  const chosen = environment.settle(exporterOption(options.protocol), named) ?? ['otlp'];
  // An endpoint belongs to the exporter named in code. If a variable selects another exporter, it must not be used.
  const meantForZipkin = options.protocol === 'zipkin';
  const own = (zipkin: boolean): ExportTarget =>
    zipkin === meantForZipkin ? options : { ...options, endpoint: undefined, headers: undefined };
  return chosen.flatMap((exporter): ResolvedDestination[] => {
    if (exporter === 'none') return [];
    if (exporter === 'console') return [{ exporter }];
    if (exporter === 'otlp') return [otlp(own(false), environment, 'TRACES')];
    const zipkin = own(true);
    return [{ exporter, url: zipkinUrl(zipkin, environment), headers: { ...zipkin.headers } }];
  });
}

/** Where metrics are sent. @internal */
export type ResolvedMetricsDestination = OtlpDestination | { readonly exporter: 'console' };

/** Where metrics are sent that belong to the span destination which the options describe. @internal */
export function resolveMetricsDestinations(
  options: ExportTarget,
  environment: Environment,
): ResolvedMetricsDestination[] {
  const named = environment.listOf('OTEL_METRICS_EXPORTER', ['otlp', 'console', 'none'] as const);
  const chosen = environment.settle(exporterOption(options.protocol), named) ?? ['otlp'];
  const isOtlp = exporterOption(options.protocol)?.[0] === 'otlp' || options.protocol === undefined;
  const target = isOtlp ? options : {};
  return chosen.flatMap((exporter): ResolvedMetricsDestination[] => {
    if (exporter === 'console') return [{ exporter }];
    // Zipkin does not accept metrics.
    return exporter === 'otlp' ? [otlp(target, environment, 'METRICS')] : [];
  });
}

function exporterOption(protocol: ExportProtocol | undefined): ExporterName[] | undefined {
  if (protocol === undefined) return undefined;
  return protocol === 'zipkin' || protocol === 'console' || protocol === 'none' ? [protocol] : ['otlp'];
}

function otlp(options: ExportTarget, environment: Environment, signal: Signal): OtlpDestination {
  const option = otlpProtocols.find((each) => each === options.protocol);
  const variable =
    environment.oneOf(`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`, otlpProtocols) ??
    environment.oneOf('OTEL_EXPORTER_OTLP_PROTOCOL', otlpProtocols);
  const protocol = environment.settle(option, variable) ?? 'http/protobuf';
  const url =
    protocol === 'grpc' ? otlpGrpcUrl(options, environment, signal) : otlpHttpUrl(options, environment, signal);
  return { exporter: 'otlp', protocol, url, headers: otlpHeaders(options, environment, signal) };
}

/** Header names are case-insensitive, so they are compared and sent in lower case. */
function otlpHeaders(options: ExportTarget, environment: Environment, signal: Signal): Headers {
  const option = lowerCaseNames(options.headers ?? {});
  const general = headersOf('OTEL_EXPORTER_OTLP_HEADERS', environment);
  const own = headersOf(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`, environment);
  return environment.merge(option, { ...general, ...own });
}

function lowerCaseNames(headers: Headers): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
