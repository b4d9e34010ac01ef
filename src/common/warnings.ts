// Reports lost data and configuration mistakes to the operator.
import { diag } from '@opentelemetry/api';
import { errorType } from './error-type.ts';

const quietMs = 60_000;
const lastReport = new Map<string, number>();

/**
 * Reports lost data or a mistake to the operator: on the `diag` logger if one is registered, else as one line on stderr, because
 * `diag` is silent without a logger. `OTEL_LOG_LEVEL=none` disables the lines on stderr.
 *
 * @param message - one line, without the values of attributes, headers or messages.
 * @param detail - text from others, such as a receiver's message. Only a logger gets it.
 * @internal
 */
export function warn(message: string, detail = ''): void {
  try {
    if (hasDiagLogger()) diag.warn(`mqtrace: ${message}${detail === '' ? '' : `: ${detail}`}`);
    else if (process.env['OTEL_LOG_LEVEL']?.trim().toLowerCase() !== 'none') writeLine(`mqtrace: ${message}`);
  } catch {
    // The logger throws, or there is no stderr: nowhere else to report to.
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
 * @param kind - at most one line per minute is written for each kind; undefined for no limit.
 * @internal
 */
export function reportError(kind: string | undefined, message: string, error: unknown): void {
  try {
    if (hasDiagLogger()) diag.error(`mqtrace: ${message}`, error);
    else if (kind === undefined || isDue(kind)) warn(`${message} (${errorType(error)})`);
  } catch {
    // As above, or the error's properties throw.
  }
}

function isDue(kind: string): boolean {
  const now = Date.now();
  const last = lastReport.get(kind);
  if (last !== undefined && now >= last && now - last < quietMs) return false;
  lastReport.set(kind, now);
  return true;
}

/** The API cannot tell. All versions 1.x share this symbol between their copies. */
function hasDiagLogger(): boolean {
  const api = (globalThis as Record<symbol, { diag?: unknown } | undefined>)[Symbol.for('opentelemetry.js.api.1')];
  return api?.diag !== undefined;
}

function writeLine(line: string): void {
  const { stderr } = process;
  // Control characters could forge log lines.
  const text = line.replaceAll(/\p{Cc}+/gu, ' ');
  stderr.write(`${text}\n`, (error) => {
    // A closed pipe: without a listener, the stream's 'error' event would end the process.
    if (error != null && stderr.listenerCount('error') === 0) stderr.once('error', () => undefined);
  });
}
