// Parses the headers of an OTEL_EXPORTER_OTLP_HEADERS variable.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Environment } from './environment.ts';

/**
 * `name=value` pairs, separated by commas, percent-encoded. Names are lower case in the result, because header names are
 * case-insensitive. A value that is not valid percent-encoding (`100%`) is used unchanged. A part that is not a pair, or that
 * cannot be sent as a header, is skipped and reported by its position only, because its text may be a token.
 *
 * https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables
 * @internal
 */
export function headersOf(name: string, environment: Environment): Record<string, string> {
  const headers: [string, string][] = [];
  const parts = environment.text(name)?.split(',') ?? [];
  for (const [index, part] of parts.entries()) {
    if (part.trim() === '') continue;
    const header = parseHeader(part);
    if (typeof header === 'string') environment.skip(name, index + 1, header);
    else headers.push(header);
  }
  return Object.fromEntries(headers);
}

/** The name and the value, or what was expected instead. */
function parseHeader(part: string): [name: string, value: string] | string {
  const at = part.indexOf('=');
  if (at < 0) return 'name=value';
  const name = decode(part.slice(0, at).trim()).toLowerCase();
  const value = decode(part.slice(at + 1).trim());
  try {
    validateHeaderName(name);
  } catch {
    return 'the name of a header before the equals sign';
  }
  try {
    validateHeaderValue(name, value);
  } catch {
    return 'a value without control characters and characters beyond Latin-1';
  }
  return [name, value];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
