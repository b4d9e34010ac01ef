import type { Consumer, EachMessagePayload, Kafka, KafkaMessage, Producer } from 'kafkajs';
import { expectTypeOf, it } from 'vitest';
import { processMessage, type ProducerLike, traceConsumer, traceKafka, traceProducer } from './index.ts';

declare const kafka: Kafka;
declare const message: KafkaMessage;

it('returns the client of kafkajs with unchanged types', () => {
  expectTypeOf(traceKafka(kafka)).toEqualTypeOf<Kafka>();
  expectTypeOf(traceKafka(kafka, { clientId: 'c', server: { address: 'a' } }).producer()).toEqualTypeOf<Producer>();
  expectTypeOf(traceProducer(kafka.producer(), { parenting: 'link' })).toEqualTypeOf<Producer>();
  expectTypeOf(traceConsumer(kafka.consumer({ groupId: 'g' }), { groupId: 'g' })).toEqualTypeOf<Consumer>();
});

it('accepts the messages of kafkajs, and returns the result of the function', () => {
  expectTypeOf(processMessage(message, () => 1)).toEqualTypeOf<number>();
  expectTypeOf(processMessage(message, async ({ offset }) => offset)).toEqualTypeOf<Promise<string>>();
  expectTypeOf<EachMessagePayload['message']>().toExtend<Parameters<typeof processMessage>[0]>();
});

it('does not compile for a value that is not a client', () => {
  expectTypeOf(kafka.consumer({ groupId: 'g' })).not.toExtend<ProducerLike>();
  // @ts-expect-error -- a consumer is not a producer
  traceProducer(kafka.consumer({ groupId: 'g' }));
  // @ts-expect-error -- an admin client sends nothing
  traceKafka(kafka.admin());
  // @ts-expect-error -- a producer has no group
  traceProducer(kafka.producer(), { groupId: 'g' });
});
