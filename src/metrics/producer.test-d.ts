import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { expectTypeOf, test } from 'vitest';
import { mqtraceMetrics } from './index.ts';

test('the producer has the type of the metrics SDK without importing it', () => {
  expectTypeOf(mqtraceMetrics()).toExtend<MetricProducer>();
  const producers: MetricProducer[] = [mqtraceMetrics({ temporality: 'delta', maxSeries: 10 })];
  expectTypeOf(producers).toBeArray();
});
