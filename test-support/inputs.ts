// Helpers for the inputs of clients in tests: unique names, frozen values, and the error of a call.
import { randomUUID } from 'node:crypto';

/** A unique name for a topic, a queue, a stream or a group. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomUUID()}`;
}

/** Freezes a value and everything in it, so that a change to it throws. Buffers cannot be frozen. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key of Reflect.ownKeys(value)) deepFreeze((value as Record<string | symbol, unknown>)[key]);
  return value;
}

/** The thrown or rejected error, to compare the errors of a traced client with those of the raw one. */
export async function failure(fn: () => unknown): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure');
}
