import type { Instrumentation } from '@opentelemetry/instrumentation';
import { expectTypeOf, test } from 'vitest';
import type {
  AmqplibInstrumentation,
  BullMQInstrumentation,
  IORedisInstrumentation,
  KafkaJsInstrumentation,
  RabbitMQClientInstrumentation,
} from './instrumentation.ts';

test("the classes have the shape of OpenTelemetry's interface", () => {
  expectTypeOf<KafkaJsInstrumentation>().toExtend<Instrumentation>();
  expectTypeOf<AmqplibInstrumentation>().toExtend<Instrumentation>();
  expectTypeOf<IORedisInstrumentation>().toExtend<Instrumentation>();
  expectTypeOf<BullMQInstrumentation>().toExtend<Instrumentation>();
  expectTypeOf<RabbitMQClientInstrumentation>().toExtend<Instrumentation>();
});

test('options are those of the wrappers', () => {
  const given = { parenting: 'link', clientId: 'shop', enabled: false } as const;
  expectTypeOf(given).toExtend<ConstructorParameters<typeof KafkaJsInstrumentation>[0]>();
});
