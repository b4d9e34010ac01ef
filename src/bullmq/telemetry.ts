// Implements BullMQ's telemetry interface with messaging operations.
import { type Context, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';
import {
  activeContext,
  claim,
  guard,
  isClaimed,
  isTracedExplicitly,
  Messaging,
  runInContext,
} from '../messaging/index.ts';
import { type TraceBullmqOptions, checkBullmqOptions } from './options.ts';
import { ProcessSpan } from './receiving.ts';
import { addsJobs, SendingSpan } from './sending.ts';
import { skippedSpan } from './skipped.ts';
import { metadataOf, withMetadata } from './state.ts';
import type { BullmqSpan, BullmqTelemetry, JobLike } from './types.ts';

/** The job that a traced worker is starting. */
let startingJob: JobLike | undefined;

/** Runs `start`, with the job known to the span that it starts. @internal */
export function whileStarting<R>(job: JobLike, start: () => R): R {
  const before = startingJob;
  startingJob = job;
  try {
    return start();
  } finally {
    startingJob = before;
  }
}

/**
 * The telemetry of a queue, worker or flow producer of BullMQ 5 and 6: `new Queue('orders', { connection, telemetry })`.
 *
 * Adding a job is a PRODUCER span whose context is stored with the job; each attempt to process it is a CONSUMER span. Baggage is
 * propagated with the job. BullMQ's INTERNAL operations have no spans. It is compatible with jobs of `bullmq-otel` in both
 * directions.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function bullmqTelemetry(options: TraceBullmqOptions = {}): BullmqTelemetry {
  checkBullmqOptions('bullmqTelemetry', options);
  const messaging = new Messaging('bullmq', 'bullmqTelemetry', options);
  const telemetry: BullmqTelemetry = {
    tracer: {
      startSpan: (name, given, context) =>
        guard('tracing BullMQ', () => start(messaging, name, given?.kind, context)) ?? skippedSpan,
    },
    contextManager: {
      with: (context, fn) => runInContext(context, fn) as ReturnType<typeof fn>,
      active: activeContext,
      root: () => ROOT_CONTEXT,
      getMetadata: (context) => guard('reading the metadata of a job', () => metadataOf(context)) ?? '',
      fromMetadata: (active, metadata) =>
        guard('reading the metadata of a job', () => withMetadata(active, metadata)) ?? active,
    },
  };
  claim(telemetry, 'bullmqTelemetry', options);
  return telemetry;
}

/** Sets mqtrace's telemetry if there is none, or one that the application did not set itself. @internal */
export function useTelemetry(where: string, holder: Record<string, unknown>, options: TraceBullmqOptions): void {
  const present = holder['telemetry'];
  if (present === undefined || present === null || isAutomatic(present)) {
    holder['telemetry'] = bullmqTelemetry(options);
  } else if (typeof present !== 'object' || !isClaimed(present)) {
    warn(
      `${where}: the telemetry option holds another telemetry, which stays; remove it, or use bullmqTelemetry() in its place`,
    );
  }
}

function isAutomatic(telemetry: unknown): boolean {
  return typeof telemetry === 'object' && telemetry !== null && isClaimed(telemetry) && !isTracedExplicitly(telemetry);
}

function start(messaging: Messaging, name: string, kind: number | undefined, context: Context | undefined): BullmqSpan {
  const operation = name.split(' ', 1)[0]!;
  // BullMQ's span kinds have the same numbers as the API's.
  if (kind === SpanKind.CONSUMER && operation === 'process') {
    const job = startingJob;
    startingJob = undefined;
    const active = context ?? activeContext();
    return new ProcessSpan(messaging, job, active, context === undefined ? '' : metadataOf(context));
  }
  return kind === SpanKind.PRODUCER && addsJobs(operation) ? new SendingSpan(messaging, operation) : skippedSpan;
}
