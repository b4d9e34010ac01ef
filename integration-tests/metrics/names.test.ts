// Compares the names of destinations on the spans and metrics of RabbitMQ, on the real broker.
import { once } from 'node:events';
import { connect } from 'amqplib';
import { traceConnection } from 'mqtrace/amqplib';
import { expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { consumed, sent } from './reading.ts';

const spans = recordRegisteredSpans();

test('sends through the default exchange are named after the queue, by spans, sends and deliveries alike', async () => {
  // Metrics are computed from the first collection on.
  await sent('');
  const connection = traceConnection(await connect(inject('amqpUrl')));
  const channel = await connection.createConfirmChannel();
  const [queue, exchange] = [uniqueName('q'), uniqueName('x')];
  await channel.assertQueue(queue, { autoDelete: true });
  await channel.assertExchange(exchange, 'topic', { autoDelete: true });
  await channel.bindQueue(queue, exchange, '#');
  const { queue: temporary } = await channel.assertQueue('', { exclusive: true });

  channel.sendToQueue(queue, Buffer.from('1'));
  channel.publish(exchange, 'some.key', Buffer.from('2'));
  channel.sendToQueue(temporary, Buffer.from('3'));
  // No queue has this name; a mandatory message is returned with it.
  const [unknown, returned] = [uniqueName('nowhere'), once(channel, 'return')];
  channel.publish('', unknown, Buffer.from('4'), { mandatory: true });
  await returned;
  await channel.waitForConfirms();
  let left = 2;
  await new Promise<void>((resolve) => {
    const handle = (): void => {
      if (--left === 0) resolve();
    };
    void channel.consume(queue, handle, { noAck: true });
  });
  await channel.close();
  await connection.close();

  const names = (operation: string): Set<unknown> => {
    const ended = spans.spans().filter(({ attributes }) => attributes['messaging.operation.name'] === operation);
    return new Set(ended.map(({ attributes }) => attributes['messaging.destination.name']));
  };
  expect(names('publish')).toEqual(new Set([queue, `${exchange}:some.key`, temporary, unknown]));
  expect(names('process')).toEqual(new Set([queue, `${exchange}:some.key:${queue}`]));
  expect(await sent(queue)).toEqual({ publish: 1 });
  expect(await sent(exchange)).toEqual({ publish: 1 });
  expect(await sent('amq.default')).toEqual({ publish: 1 });
  expect(await sent(temporary)).toEqual({});
  expect(await consumed(queue)).toEqual({ process: 2 });
});
