import type { Consumer, EachMessagePayload, Kafka, KafkaMessage, Producer } from 'kafkajs';
import { expectTypeOf, it } from 'vitest';
import { processMessage, type ProducerLike, traceConsumer, traceKafka, traceProducer } from './index.ts';

declare const kafka: Kafka;
declare const message: KafkaMessage;

it('gives back the client of kafkajs, its types unchanged', () => {
  expectTypeOf(traceKafka(kafka)).toEqualTypeOf<Kafka>();
  expectTypeOf(traceKafka(kafka, { clientId: 'c', server: { address: 'a' } }).producer()).toEqualTypeOf<Producer>();
  expectTypeOf(traceProducer(kafka.producer(), { parenting: 'link' })).toEqualTypeOf<Producer>();
  expectTypeOf(traceConsumer(kafka.consumer({ groupId: 'g' }), { groupId: 'g' })).toEqualTypeOf<Consumer>();
});

it('takes the messages of kafkajs, and gives what the function gives', () => {
  expectTypeOf(processMessage(message, () => 1)).toEqualTypeOf<number>();
  expectTypeOf(processMessage(message, async ({ offset }) => offset)).toEqualTypeOf<Promise<string>>();
  expectTypeOf<EachMessagePayload['message']>().toExtend<Parameters<typeof processMessage>[0]>();
});

it('does not compile for what is no client', () => {
  expectTypeOf(kafka.consumer({ groupId: 'g' })).not.toExtend<ProducerLike>();
  // @ts-expect-error -- a consumer is no producer
  traceProducer(kafka.consumer({ groupId: 'g' }));
  // @ts-expect-error -- an admin client sends nothing
  traceKafka(kafka.admin());
  // @ts-expect-error -- a producer has no group
  traceProducer(kafka.producer(), { groupId: 'g' });
});
