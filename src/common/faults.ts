import { diag } from '@opentelemetry/api';

const reportEveryMs = 60_000;
const lastReport = new Map<string, number>();
let faults = 0;

/**
 * Counts a fault of tracing itself (a tracer, propagator or exporter that threw) and reports it on `diag`, at most once a minute
 * for each place. The application never sees it. @internal
 */
export function reportFault(where: string, error: unknown): void {
  faults++;
  const now = Date.now();
  if (now - (lastReport.get(where) ?? 0) < reportEveryMs) return;
  lastReport.set(where, now);
  try {
    diag.error(`mqtrace: ${where} failed; the application is not affected`, error);
  } catch {
    // A logger that throws has no one left to report to.
  }
}

/** How many faults of tracing itself were kept from the application since the process started. */
export function tracingFaults(): number {
  return faults;
}
