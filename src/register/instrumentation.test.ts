import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import { traceKafka, traceProducer } from 'mqtrace/kafkajs';
import { afterEach, describe, expect, it } from 'vitest';
import { isClaimed, isTracedExplicitly } from '../messaging/instance.ts';
import {
  AmqplibInstrumentation,
  BullMQInstrumentation,
  IORedisInstrumentation,
  KafkaJsInstrumentation,
  RabbitMQClientInstrumentation,
} from './instrumentation.ts';

process.env['KAFKAJS_NO_PARTITIONER_WARNING'] = '1';
const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING });
const makesTraced = (): boolean => isClaimed(kafka.producer());
const made: KafkaJsInstrumentation[] = [];
const instrumentation = (config?: ConstructorParameters<typeof KafkaJsInstrumentation>[0]): KafkaJsInstrumentation => {
  const one = new KafkaJsInstrumentation(config);
  made.push(one);
  return one;
};

afterEach(() => {
  for (const one of made.splice(0)) one.disable();
});

describe('an instrumentation class', () => {
  it('is enabled when it is created, because registerInstrumentations does not enable it again', () => {
    instrumentation();
    expect(makesTraced()).toBe(true);
    expect(isClaimed(kafka.consumer({ groupId: 'g' }))).toBe(true);
    expect(isClaimed(kafka.admin())).toBe(false);
  });

  it('is enabled by registerInstrumentations if it was created with enabled: false', () => {
    const off = instrumentation({ enabled: false });
    expect(makesTraced()).toBe(false);
    registerInstrumentations({ instrumentations: [off] });
    expect(makesTraced()).toBe(true);
  });

  it('does not trace clients that are created after disable(), and continues to trace the others', () => {
    const one = instrumentation();
    const before = kafka.producer();
    one.disable();
    expect([isClaimed(before), makesTraced()]).toEqual([true, false]);
    one.enable();
    expect(makesTraced()).toBe(true);
  });

  it('takes the provider of registerInstrumentations', async () => {
    const exporter = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    registerInstrumentations({ instrumentations: [instrumentation()], tracerProvider });
    const retry = { retries: 0 };
    const failing = new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING, retry }).producer({ retry });
    await expect(failing.send({ topic: 'orders', messages: [{ value: '1' }] })).rejects.toThrow('disconnected');
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['send orders']);
  });

  it('returns its configuration, and uses a new one for clients that are created later', () => {
    const one = instrumentation({ parenting: 'link' });
    expect(one.getConfig()).toEqual({ enabled: true, parenting: 'link' });
    one.setConfig({ parenting: 'auto' });
    expect(one.getConfig()).toEqual({ enabled: true, parenting: 'auto' });
    expect([one.instrumentationName, typeof one.instrumentationVersion]).toEqual(['mqtrace/kafkajs', 'string']);
  });

  it('throws an error for options of the official one that it does not have', () => {
    const wrong = { producerHook: () => undefined } as object;
    expect(() => new KafkaJsInstrumentation(wrong)).toThrow(/KafkaJsInstrumentation: unknown option "producerHook"/);
    expect(() => new AmqplibInstrumentation({ enabled: 'yes' as never })).toThrow(/AmqplibInstrumentation.*enabled/);
    expect(() => new IORedisInstrumentation(null as never)).toThrow(/expected an object/);
  });

  it('traces ioredis clients when they are constructed, also by duplicate()', () => {
    const one = new IORedisInstrumentation();
    const redis = new Redis({ lazyConnect: true });
    const copy = redis.duplicate();
    one.disable();
    const later = redis.duplicate();
    expect([redis, copy, later].map(isClaimed)).toEqual([true, true, true]);
    expect(isClaimed(new Redis({ lazyConnect: true }))).toBe(false);
  });
});

describe.each([
  ['kafkajs', KafkaJsInstrumentation],
  ['amqplib', AmqplibInstrumentation],
  ['ioredis', IORedisInstrumentation],
  ['bullmq', BullMQInstrumentation],
  ['rabbitmq-client', RabbitMQClientInstrumentation],
] as const)('the class of %s', (client, Class) => {
  it("keeps the contract of OpenTelemetry's interface", () => {
    const one = new Class({ enabled: false });
    try {
      expect(one.instrumentationName).toBe(`mqtrace/${client}`);
      expect(one.getConfig()).toEqual({ enabled: false });
      one.setTracerProvider(new BasicTracerProvider());
      one.setMeterProvider({} as never);
      one.disable();
      one.enable();
      one.setConfig({ parenting: 'auto' });
      expect(one.getConfig()).toEqual({ enabled: true, parenting: 'auto' });
      expect(() => new Class({ unknown: 1 } as object)).toThrow(`${Class.name}: unknown option "unknown"`);
    } finally {
      one.disable();
    }
  });
});

describe('explicit wrapping', () => {
  it('replaces the tracing by a class, with its own options', () => {
    instrumentation();
    const producer = kafka.producer();
    expect([isClaimed(producer), isTracedExplicitly(producer)]).toEqual([true, false]);
    expect(traceProducer(producer, { clientId: 'mine' })).toBe(producer);
    expect(isTracedExplicitly(producer)).toBe(true);
  });

  it('of a client also applies to the producers that it creates, instead of the classes', () => {
    instrumentation();
    const own = traceKafka(new Kafka({ brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }));
    expect(isTracedExplicitly(own.producer())).toBe(true);
  });
});
