// The options that say where spans go.
import type { ExportProtocol } from './names.ts';

/** Where spans go, as one exporter is told it. */
export interface ExportTarget {
  /**
   * How spans are exported. Default `http/protobuf`.
   * Variables: `OTEL_TRACES_EXPORTER`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`.
   */
  readonly protocol?: ExportProtocol | undefined;
  /**
   * Where spans are sent. For OTLP over HTTP a base URL to which `/v1/traces` is appended, unless it ends so already; for gRPC
   * `http://host:port` (plain), `https://host:port` or `host:port` (TLS); for Zipkin its URL, to which `/api/v2/spans` is
   * appended if it has no path. Default `http://localhost:4318`, `http://localhost:4317` or `http://localhost:9411`.
   * Variables: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (taken as it is), `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_ZIPKIN_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Sent with every export, for authentication for instance; gRPC sends them as metadata. Merged with
   * `OTEL_EXPORTER_OTLP_TRACES_HEADERS` and `OTEL_EXPORTER_OTLP_HEADERS` by name. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
