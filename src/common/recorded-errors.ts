// Remembers which errors a span has recorded, so that none is recorded twice.
import type { Span } from '@opentelemetry/api';

/** Per span, the errors that it holds already. */
const recorded = new WeakMap<Span, Set<unknown>>();

/**
 * True the first time a span is to record this error, then false: the helper, a wrapper and the application may all see the
 * same error on its way up. @internal
 */
export function isNewOn(span: Span, error: unknown): boolean {
  const known = recorded.get(span);
  if (known?.has(error)) return false;
  if (known) known.add(error);
  else recorded.set(span, new Set([error]));
  return true;
}
