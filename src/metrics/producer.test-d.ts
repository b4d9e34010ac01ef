import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { expectTypeOf, test } from 'vitest';
import { mqtraceMetrics } from './index.ts';

test('the producer is one for the metrics SDK, whose types it does not import', () => {
  expectTypeOf(mqtraceMetrics()).toExtend<MetricProducer>();
  const producers: MetricProducer[] = [mqtraceMetrics({ temporality: 'delta', maxSeries: 10 })];
  expectTypeOf(producers).toBeArray();
});
