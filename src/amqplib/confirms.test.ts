import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { failureOf, Messaging, Operation } from '../messaging/index.ts';
import { Confirms, publishedCount } from './confirms.ts';

const recorded = recordRegisteredSpans();
const messaging = new Messaging('rabbitmq', 'test', {});

function publish(confirms: Confirms, name: string): Operation {
  const span = recorded.tracerProvider.getTracer('test').startSpan(name);
  const operation = new Operation(trace.setSpan(ROOT_CONTEXT, span), [span]);
  confirms.publish(operation);
  return operation;
}
const ended = (): string[] => recorded.spans().map(({ name }) => name);

test('confirms end publishes by tag: one, several, out of order', () => {
  const confirms = new Confirms(messaging, 0);
  for (const name of ['1', '2', '3', '4', '5']) publish(confirms, name);
  confirms.ack({ deliveryTag: 3, multiple: false });
  expect(ended()).toEqual(['3']);
  confirms.ack({ deliveryTag: 4, multiple: true });
  expect(ended()).toEqual(['3', '1', '2', '4']);
  confirms.nack({ deliveryTag: 5, multiple: true });
  expect(recorded.span('5')).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'message nacked' },
    attributes: { 'error.type': 'nack' },
  });
});

test('publishes without a span are counted, too', () => {
  const confirms = new Confirms(messaging, 2);
  confirms.publish(undefined);
  confirms.publish(new Operation(ROOT_CONTEXT));
  publish(confirms, 'fifth');
  confirms.ack({ deliveryTag: 4, multiple: true });
  expect(ended()).toEqual([]);
  confirms.ack({ deliveryTag: 5 });
  expect(ended()).toEqual(['fifth']);
});

test('a confirm that is repeated, unknown or malformed changes nothing', () => {
  const confirms = new Confirms(messaging, 0);
  publish(confirms, 'open');
  for (const fields of [undefined, null, {}, { deliveryTag: '1' }, { deliveryTag: 7 }]) confirms.ack(fields);
  expect(ended()).toEqual([]);
  confirms.ack({ deliveryTag: 1 });
  confirms.nack({ deliveryTag: 1 });
  expect(ended()).toEqual(['open']);
  expect(recorded.span('open').status.code).toBe(SpanStatusCode.UNSET);
});

test('a close fails waiting publishes with the error that closed the channel', () => {
  for (const [failure, type] of [
    [undefined, 'channel_closed'],
    [Object.assign(new Error('not found'), { code: 404 }), '404'],
  ] as const) {
    const confirms = new Confirms(messaging, 0);
    publish(confirms, type);
    confirms.close(failure && failureOf(failure));
    expect(recorded.span(type).attributes['error.type']).toBe(type);
  }
});

test('the number of earlier publishes is read from the channel', () => {
  const waitForConfirms = (): void => {};
  expect(publishedCount({})).toBeUndefined();
  expect(publishedCount({ waitForConfirms })).toBe(0);
  expect(publishedCount({ waitForConfirms, lwm: 4, unconfirmed: [false, null, false] })).toBe(6);
});
