// Options that say where spans are sent.
import type { ExportProtocol } from './names.ts';

/** Where one exporter sends spans. */
export interface ExportTarget {
  /**
   * How spans are exported. Default `http/protobuf`.
   * Variables: `OTEL_TRACES_EXPORTER`, `OTEL_EXPORTER_OTLP_TRACES_PROTOCOL`, `OTEL_EXPORTER_OTLP_PROTOCOL`.
   */
  readonly protocol?: ExportProtocol | undefined;
  /**
   * Where spans are sent. For OTLP over HTTP a base URL, to which `/v1/traces` is appended unless it ends with it; for gRPC
   * `http://host:port` (plain), `https://host:port` or `host:port` (TLS); for Zipkin its URL, to which `/api/v2/spans` is appended
   * if it has no path. Default `http://localhost:4318`, `http://localhost:4317` or `http://localhost:9411`. Variables:
   * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` (used unchanged), `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_ZIPKIN_ENDPOINT`.
   */
  readonly endpoint?: string | undefined;
  /**
   * Headers to send with every export, for example for authentication; gRPC sends them as metadata. Merged with
   * `OTEL_EXPORTER_OTLP_TRACES_HEADERS` and `OTEL_EXPORTER_OTLP_HEADERS` by name. Default: none.
   */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}
