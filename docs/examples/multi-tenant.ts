import { Kafka } from 'kafkajs';
import { baggageKey, processBaggage, withBaggage } from 'mqtrace';
import { traceKafka } from 'mqtrace/kafkajs';

// One place defines the tenant and its format; the value in a message is parsed, not trusted.
const tenant = baggageKey('tenant', { parse: (text) => (/^[a-z]{1,20}$/.test(text) ? text : undefined) });

// Every message of this process carries its origin.
processBaggage.set('region', 'eu');

export async function sendForTenant(brokers: string[], topic: string, name: string): Promise<void> {
  const producer = traceKafka(new Kafka({ brokers })).producer();
  await producer.connect();
  await withBaggage(tenant.entry(name), () => producer.send({ topic, messages: [{ value: 'order' }] }));
  await producer.disconnect();
}

export async function firstTenant(brokers: string[], topic: string, groupId: string): Promise<string> {
  // Spans of this consumer can be searched by tenant.
  const kafka = traceKafka(new Kafka({ brokers }), { baggage: { receive: { spanAttributes: ['tenant', 'region'] } } });
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const name = await new Promise<string>((resolve) => {
    void consumer.run({
      // Anywhere below, however deep, and after any await.
      eachMessage: async () => resolve(tenant.get() ?? 'unknown'),
    });
  });
  await consumer.disconnect();
  return name;
}
