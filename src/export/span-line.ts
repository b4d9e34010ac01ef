// Formats one span as one line of text.
import type { JsonSpan } from './otlp-json.ts';

const statuses = ['unset', 'ok', 'error'] as const;
/** Columns with a fixed width: time, duration, status, trace id, and the spaces between. */
const fixedColumns = 12 + 8 + 5 + 32 + 5;
/** The minimum columns for service and name in a narrow terminal. */
const leastText = 12;

/**
 * One span as one line: time of the start, service, name, duration, status, trace id. It fits the given number of columns: long
 * services and names are truncated, but never the trace id, because it is copied.
 *
 * @internal
 */
export function spanLine(span: JsonSpan, service: string, columns: number): string {
  const room = Math.max(leastText, columns - fixedColumns);
  const serviceRoom = Math.min(Math.ceil(room / 3), width(service));
  const start = BigInt(span.startTimeUnixNano);
  const time = new Date(Number(start / 1_000_000n)).toISOString().slice(11, 23);
  const duration = durationText(Number(BigInt(span.endTimeUnixNano) - start) / 1e6);
  const status = statuses[span.status.code] ?? 'unset';
  const name = fit(span.name, room - serviceRoom);
  return `${time} ${fit(service, serviceRoom)} ${name} ${duration.padStart(8)} ${status.padEnd(5)} ${span.traceId}`;
}

function durationText(ms: number): string {
  if (ms < 100) return `${ms.toFixed(1)}ms`;
  return ms < 10_000 ? `${Math.round(ms)}ms` : `${Math.round(ms / 1000)}s`;
}

const printable = (text: string): string[] => Array.from(text.replaceAll(/\p{C}+/gu, ' '));

function width(text: string): number {
  return printable(text).length;
}

/** Pads or truncates to a number of columns; control characters, which could move the cursor, become spaces. */
function fit(text: string, columns: number): string {
  const characters = printable(text);
  if (characters.length > columns) return `${characters.slice(0, columns - 1).join('')}…`;
  return characters.join('') + ' '.repeat(columns - characters.length);
}
