// Reports lost data and mistakes to the operator.
import { diag } from '@opentelemetry/api';
import { errorType } from './error-type.ts';

const quietMs = 60_000;
const lastReport = new Map<string, number>();

/**
 * Tells the operator about lost data or a mistake: on the `diag` logger if one is registered, else as one line on stderr, because
 * without a logger `diag` is silent. `OTEL_LOG_LEVEL=none` turns the lines on stderr off.
 *
 * @param message - one line, without the values of attributes, headers or messages.
 * @param detail - what someone else wrote, such as the message of a receiver. Only a logger gets it.
 * @internal
 */
export function warn(message: string, detail = ''): void {
  try {
    if (hasDiagLogger()) diag.warn(`mqtrace: ${message}${detail === '' ? '' : `: ${detail}`}`);
    else if (process.env['OTEL_LOG_LEVEL']?.trim().toLowerCase() !== 'none') writeLine(`mqtrace: ${message}`);
  } catch {
    // A logger that throws, or no stderr: there is no other place to report to.
  }
}

/**
 * As {@link warn}, at most once a minute for each `kind`.
 *
 * @internal
 */
export function warnEachMinute(kind: string, message: string): void {
  if (isDue(kind)) warn(message);
}

/**
 * Reports a failure: to a registered `diag` logger with the error; else as one line on stderr with the error's type only, because its
 * message may hold values.
 *
 * @param kind - at most one line a minute is written for it; undefined for no limit.
 * @internal
 */
export function reportError(kind: string | undefined, message: string, error: unknown): void {
  try {
    if (hasDiagLogger()) diag.error(`mqtrace: ${message}`, error);
    else if (kind === undefined || isDue(kind)) warn(`${message} (${errorType(error)})`);
  } catch {
    // As above; or an error whose properties throw.
  }
}

function isDue(kind: string): boolean {
  const now = Date.now();
  const last = lastReport.get(kind);
  if (last !== undefined && now >= last && now - last < quietMs) return false;
  lastReport.set(kind, now);
  return true;
}

/** The API has no way to ask; the symbol is its own contract between its copies, the same for all of 1.x. */
function hasDiagLogger(): boolean {
  const api = (globalThis as Record<symbol, { diag?: unknown } | undefined>)[Symbol.for('opentelemetry.js.api.1')];
  return api?.diag !== undefined;
}

function writeLine(line: string): void {
  const { stderr } = process;
  // Control characters could forge further lines.
  const text = line.replaceAll(/\p{Cc}+/gu, ' ');
  stderr.write(`${text}\n`, (error) => {
    // A closed pipe: without a listener the stream's 'error' event would end the process.
    if (error != null && stderr.listenerCount('error') === 0) stderr.once('error', () => undefined);
  });
}
