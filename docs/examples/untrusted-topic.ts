import { Kafka } from 'kafkajs';
import { baggage, droppedHeaders } from 'mqtrace';
import { traceKafka } from 'mqtrace/kafkajs';

/** Consumes what partners write to `partners.*`: their traces are linked, and of their baggage only a reference is received. */
export async function consumePartners(
  brokers: string[],
  topic: string,
  groupId: string,
  handle: (reference: string | undefined) => void,
): Promise<() => Promise<void>> {
  const kafka = traceKafka(new Kafka({ brokers }), {
    trust: (from) =>
      from.startsWith('partners.')
        ? // A trace of our own for each message, which links theirs; their sampled flags count ten times a second.
          { context: 'link', sampled: { perSecond: 10 } }
        : // Our own topics: but no trace grows beyond 1000 messages.
          { messagesPerTrace: 1000 },
    baggage: (topicName) =>
      topicName.startsWith('partners.')
        ? { receive: { allow: ['partner.reference'], maxBytes: 256 }, send: { allow: [] } }
        : undefined,
  });
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async () => handle(baggage.get('partner.reference')) });
  return () => consumer.disconnect();
}

/** The number of headers dropped since the process started, to be monitored. */
export function dropped(): number {
  return Object.values(droppedHeaders()).reduce((sum, count) => sum + count, 0);
}
