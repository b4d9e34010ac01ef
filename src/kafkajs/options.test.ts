import { describe, expect, it } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { traceConsumer, traceKafka, traceProducer } from './index.ts';

const client = {
  producer: () => producer,
  consumer: () => consumer,
};
const producer = { send: async () => [], sendBatch: async () => [] };
const consumer = { run: async () => undefined };

describe('wrong options', () => {
  it.each([
    [{ clientId: '' }, 'traceProducer({ clientId }): expected a non-empty string, got ""'],
    [{ clientId: 5 }, 'traceProducer({ clientId }): expected a non-empty string, got 5'],
    [{ server: 'localhost:9092' }, 'traceProducer({ server }): expected { address: string, port?: number }'],
    [
      { server: { address: 'a', port: 70_000 } },
      'traceProducer({ server }).port: expected a port number from 1 to 65535, got 70000',
    ],
    [{ server: { adress: 'a' } }, 'traceProducer({ server }): unknown option "adress"; did you mean "address"?'],
    [{ clientid: 'c' }, 'traceProducer: unknown option "clientid"; did you mean "clientId"?'],
    [{ groupId: 'g' }, 'traceProducer: unknown option "groupId"'],
    [{ semconv: '1.0' }, 'traceProducer({ semconv })'],
    [null, 'traceProducer options: expected an object, got null'],
  ])('%j', (options, message) => {
    expect(() => traceProducer(producer, options as never)).toThrow(MqtraceError);
    expect(() => traceProducer(producer, options as never)).toThrow(`[INVALID_OPTION] ${message}`);
  });

  it('of a consumer', () => {
    expect(() => traceConsumer(consumer, { groupId: '' })).toThrow(
      '[INVALID_OPTION] traceConsumer({ groupId }): expected a non-empty string, got ""',
    );
  });

  it.each([
    [
      'traceKafka',
      () => traceKafka(producer as never),
      'expected a kafkajs client, got an object without producer, consumer()',
    ],
    ['traceProducer', () => traceProducer(client as never), 'expected a kafkajs producer'],
    ['traceConsumer', () => traceConsumer(null as never), 'expected a kafkajs consumer, got null'],
  ])('not the client that %s takes', (_, wrap, message) => {
    expect(wrap).toThrow(MqtraceError);
    expect(wrap).toThrow(message);
  });
});
