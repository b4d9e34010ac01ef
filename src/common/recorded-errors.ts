// Tracks which errors a span has recorded, so that none is recorded twice.
import type { Span } from '@opentelemetry/api';

/** The errors that each span has already recorded. */
const recorded = new WeakMap<Span, Set<unknown>>();

/**
 * True the first time that a span records this error, then false: a helper, a wrapper and the application may all see the same
 * error as it propagates. @internal
 */
export function markRecorded(span: Span, error: unknown): boolean {
  const known = recorded.get(span);
  if (known?.has(error)) return false;
  if (known) known.add(error);
  else recorded.set(span, new Set([error]));
  return true;
}
