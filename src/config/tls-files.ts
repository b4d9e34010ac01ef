// Reads TLS certificates and keys from the files that variables name.
import { readFileSync } from 'node:fs';
import type { Environment } from './environment.ts';
import type { Signal } from './names.ts';

/** TLS settings of a client, as PEM. @internal */
export interface TlsFiles {
  /** Certificates to trust, instead of the default ones. */
  readonly ca?: Buffer;
  /** The client's own certificate and its key. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY` name, or the same with `TRACES_`
 * or `METRICS_`. A file that cannot be read is reported and ignored.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#configuration-options
 * @internal
 */
export function readTlsFiles(environment: Environment, signal: Signal = 'TRACES'): TlsFiles {
  const ca = readFirst('CERTIFICATE', environment, signal);
  const cert = readFirst('CLIENT_CERTIFICATE', environment, signal);
  const key = readFirst('CLIENT_KEY', environment, signal);
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

function readFirst(name: string, environment: Environment, signal: Signal): Buffer | undefined {
  for (const variable of [`OTEL_EXPORTER_OTLP_${signal}_${name}`, `OTEL_EXPORTER_OTLP_${name}`]) {
    const path = environment.text(variable);
    if (path === undefined) continue;
    try {
      return readFileSync(path);
    } catch {
      // The value is not shown: it may be the key itself instead of its path.
      environment.reject(variable, 'the path of a PEM file that can be read', true);
    }
  }
  return undefined;
}
