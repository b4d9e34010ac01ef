// What tests hand to a client: names of their own, frozen values, and the error of a call.
import { randomUUID } from 'node:crypto';

/** A name that no other run uses, for a topic, a queue, a stream, a group. */
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

/** What is thrown or rejected, to compare a traced client's errors with the raw one's. */
export async function failure(fn: () => unknown): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure');
}
