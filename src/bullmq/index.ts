// Exports the tracing of BullMQ jobs.
export type { Parenting, TraceOptions } from '../messaging/options.ts';
export type { SemconvVersion } from '../messaging/semconv.ts';
export type { TraceBullmqOptions } from './options.ts';
export { bullmqTelemetry } from './telemetry.ts';
export { traceFlowProducer } from './trace-flow-producer.ts';
export { traceWorker } from './trace-worker.ts';
export type { BullmqSpan, BullmqTelemetry, FlowProducerLike, WorkerLike } from './types.ts';
