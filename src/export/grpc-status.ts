// Interprets the gRPC status of a response.
import { ProtobufReader } from '../common/protobuf-reader.ts';
import type { SendResult } from './sender.ts';

/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: https://opentelemetry.io/docs/specs/otlp/#failures */
const retryable: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
const resourceExhausted = 8;

/** The names of the status codes, by code. */
const names: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

/** The name of a status code, such as `UNAVAILABLE`. @internal */
export function statusName(code: number): string {
  return names[code] ?? String(code);
}

/** Milliseconds of the RetryInfo in a google.rpc.Status; undefined if there is none. @internal */
export function readRetryInfo(status: Buffer): number | undefined {
  try {
    const reader = new ProtobufReader(status);
    while (reader.next()) {
      if (reader.field !== 3) {
        reader.skip();
        continue;
      }
      let type = '';
      let value: ProtobufReader | undefined;
      const any = reader.message();
      while (any.next()) {
        if (any.field === 1) type = any.string();
        else if (any.field === 2) value = any.message();
        else any.skip();
      }
      if (type.endsWith('/google.rpc.RetryInfo') && value !== undefined) return readDelay(value);
    }
  } catch {
    // Not a status.
  }
  return undefined;
}

function readDelay(info: ProtobufReader): number {
  let ms = 0;
  while (info.next()) {
    if (info.field !== 1) {
      info.skip();
      continue;
    }
    const duration = info.message();
    while (duration.next()) {
      if (duration.field === 1) ms += Number(duration.int64()) * 1000;
      else if (duration.field === 2) ms += Number(duration.int64()) / 1e6;
      else duration.skip();
    }
  }
  return Math.max(0, ms);
}

/** The result of a failed call for its batch. @internal */
export function resultOfGrpcStatus(status: number, details: Buffer | undefined, error: Error): SendResult {
  const afterMs = details === undefined ? undefined : readRetryInfo(details);
  if (status === resourceExhausted)
    return afterMs === undefined ? { status: 'split', error } : { status: 'retry', afterMs, answered: true, error };
  return retryable.has(status) ? { status: 'retry', afterMs, answered: true, error } : { status: 'reject', error };
}
