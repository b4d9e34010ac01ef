import { ProtobufReader } from './protobuf-reader.ts';
import type { SendResult } from './sender.ts';

/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: https://opentelemetry.io/docs/specs/otlp/#failures */
const retryable: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
const resourceExhausted = 8;

/** An error as grpc-js gives it. */
interface GrpcError {
  readonly code?: unknown;
  readonly metadata?: { get(key: string): readonly unknown[] };
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

/** What a failed call means for the batch. @internal */
export function judgeGrpcError(error: unknown): SendResult {
  const { code, metadata } = (error ?? {}) as GrpcError;
  // Not an answer of the receiver but a fault on the way: nothing says that it will stay.
  if (typeof code !== 'number') return { status: 'retry', error };
  const details = metadata?.get('grpc-status-details-bin')[0];
  const afterMs = Buffer.isBuffer(details) ? readRetryInfo(details) : undefined;
  if (code === resourceExhausted)
    return afterMs === undefined ? { status: 'split', error } : { status: 'retry', afterMs, error };
  return retryable.has(code) ? { status: 'retry', afterMs, error } : { status: 'reject', error };
}
