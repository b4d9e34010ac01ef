// A TypeScript application that uses every subpath. It is compiled by every supported compiler, as an ES module and as
// CommonJS; it is not run.
import { createServer } from 'node:http';
import { context, type Span } from '@opentelemetry/api';
import { type SpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { type Channel, connect } from 'amqplib';
import { Redis } from 'ioredis';
import { type Consumer, Kafka, type Producer } from 'kafkajs';
import { baggage, extract, fanIn, getBaggage, inject, MqtraceError, tracingFaults, withBaggage } from 'mqtrace';
import { processMessage, traceConnection } from 'mqtrace/amqplib';
import { type CarrierAdapter, kafkaHeaders, type KafkaHeaders } from 'mqtrace/carriers';
import { traceFetch, traceHandler } from 'mqtrace/http';
import { consumeStream, traceRedis, type StreamMessage } from 'mqtrace/ioredis';
import { processMessage as processKafkaMessage, traceConsumer, traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { createSampling, MqtraceSpanProcessor, parentBased, ratio, startTracing, type Tracing } from 'mqtrace/sdk';

export async function kafka(): Promise<void> {
  const client: Kafka = traceKafka(new Kafka({ brokers: [] }), { settleSpans: undefined, trust: undefined });
  const producer: Producer = traceProducer(client.producer(), { clientId: undefined, server: undefined });
  await producer.send({
    topic: 'orders',
    messages: [{ key: '17', value: '1', headers: { a: ['b', Buffer.from('c')] } }],
  });
  const consumer: Consumer = traceConsumer(client.consumer({ groupId: 'billing' }), { parenting: () => 'link' });
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) {
        const size: number = processKafkaMessage(message, ({ value }) => value?.length ?? 0);
        console.log(size);
      }
    },
  });
}

export async function amqp(): Promise<void> {
  const connection = traceConnection(await connect('amqp://localhost'), { semconv: undefined });
  const channel: Channel = await connection.createConfirmChannel();
  await channel.consume('invoices', (message) => {
    if (message === null) return;
    processMessage(message, () => channel.ack(message));
  });
}

export async function redis(): Promise<void> {
  const client: Redis = traceRedis(new Redis(), { cloudEvents: undefined });
  await client.xadd('shipments', '*', 'order', '17');
  const running = consumeStream(client, { streams: ['shipments'], group: 'notify' }, (entry: StreamMessage) => {
    const order: string | undefined = entry.fields['order'];
    console.log(order);
  });
  await running.stop();
}

export async function tracing(): Promise<void> {
  const started: Tracing = startTracing({ serviceName: undefined, export: undefined, sampling: undefined });
  const result: number = await started.span('work', async (span: Span) => {
    span.addEvent('started');
    return 1;
  });
  console.log(result, started.stats().destinations.length);
  await started.flush({ timeoutMs: undefined });
  await started.shutdown();

  const processor = new MqtraceSpanProcessor({ endpoint: 'http://localhost:4318', spool: undefined });
  const standard: SpanProcessor = processor;
  const { sampler, spanProcessor } = createSampling(
    { sampler: parentBased(ratio(0.1)), keepErrors: undefined },
    standard,
  );
  const provider = new TracerProvider({ sampler, spanProcessors: [spanProcessor] });
  console.log(processor.stats().length);
  await provider.shutdown();
}

export function core(): void {
  const adapter: CarrierAdapter<KafkaHeaders> = kafkaHeaders;
  const headers = inject(kafkaHeaders, { a: 'b' });
  context.with(extract(kafkaHeaders, headers), () => {
    withBaggage({ tenant: 'acme' }, () => console.log(getBaggage().getEntry('tenant')?.value));
  });
  console.log(
    adapter,
    typeof baggage,
    typeof fanIn,
    tracingFaults(),
    new MqtraceError('INVALID_OPTION', 'no') instanceof Error,
  );
}

export function http(): void {
  createServer(traceHandler((_request, response) => void response.end(), { route: undefined }));
  void traceFetch()('http://localhost');
}
