import { BatchSpanProcessor, SimpleSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace';
import type { Destination } from './destinations.ts';
import type { Environment } from './environment.ts';
import { createExporter } from './exporters.ts';

/**
 * The way of a finished span to one destination. The console is written at once, everything else in batches.
 *
 * @throws MqtraceError `MISSING_DEPENDENCY`.
 * @internal
 */
export function createSpanProcessor(destination: Destination, environment: Environment): SpanProcessor {
  const exporter = createExporter(destination, environment);
  if (destination.exporter === 'console') return new SimpleSpanProcessor({ exporter });
  return new BatchSpanProcessor({ exporter, ...batching(environment) });
}

interface Batching {
  maxQueueSize?: number;
  maxExportBatchSize?: number;
  scheduledDelayMillis?: number;
  exportTimeoutMillis?: number;
}

function batching(environment: Environment): Batching {
  const maxQueueSize = environment.count('OTEL_BSP_MAX_QUEUE_SIZE');
  const maxExportBatchSize = environment.count('OTEL_BSP_MAX_EXPORT_BATCH_SIZE');
  const scheduledDelayMillis = environment.count('OTEL_BSP_SCHEDULE_DELAY');
  const exportTimeoutMillis = environment.count('OTEL_BSP_EXPORT_TIMEOUT');
  return {
    ...(maxQueueSize && { maxQueueSize }),
    ...(maxExportBatchSize && { maxExportBatchSize }),
    ...(scheduledDelayMillis && { scheduledDelayMillis }),
    ...(exportTimeoutMillis && { exportTimeoutMillis }),
  };
}
