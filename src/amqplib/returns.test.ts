import { ROOT_CONTEXT, type SpanContext, SpanKind, trace } from '@opentelemetry/api';
import { beforeEach, expect, test } from 'vitest';
import { recordSpans } from '../../test-support/spans.ts';
import { Messaging, type Operation } from '../messaging/index.ts';
import { startOperation } from '../messaging/index.ts';
import { Returns } from './returns.ts';

const recording = recordSpans();
const messaging = new Messaging('rabbitmq', 'test', { tracerProvider: recording.tracerProvider });
const parent: SpanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };
let returns: Returns;
beforeEach(() => {
  recording.clear();
  returns = new Returns(messaging);
});

const headersOf = ({ traceId, spanId }: SpanContext): object => ({ traceparent: `00-${traceId}-${spanId}-01` });

/** Starts a publish that waits for its confirm. */
function publish(routingKey: string, carried: SpanContext | undefined): Operation {
  const description = { name: 'publish', type: 'send', destination: { name: 'x' } } as const;
  const operation = startOperation(messaging, description, { kind: SpanKind.PRODUCER, parent: ROOT_CONTEXT });
  const creation = carried ?? trace.getSpanContext(operation.context)!;
  returns.publish(operation, 'x', routingKey, { headers: headersOf(creation) });
  return operation;
}

const comesBack = (routingKey: string, carried: SpanContext): void =>
  returns.returned({
    fields: { exchange: 'x', routingKey, replyText: 'NO_ROUTE' },
    properties: { headers: headersOf(carried) },
  });

test('among messages with the same address, the one with the returned context fails', () => {
  const [first, second] = [publish('key', undefined), publish('key', undefined)];
  comesBack('key', trace.getSpanContext(second.context)!);
  expect([first.ended, second.ended]).toEqual([false, true]);
  expect(recording.span('publish x').attributes['error.type']).toBe('NO_ROUTE');
});

test('among messages with the same context, the first one with the returned address fails, and each once', () => {
  const operations = ['other', 'key', 'key'].map((key) => publish(key, parent));
  comesBack('key', parent);
  expect(operations.map(({ ended }) => ended)).toEqual([false, true, false]);
  comesBack('key', parent);
  comesBack('key', parent);
  expect(operations.map(({ ended }) => ended)).toEqual([false, true, true]);
});

test('a message that is already confirmed, or of an unknown publish, changes nothing', () => {
  const [first, second] = [publish('key', parent), publish('key', parent)];
  first.end();
  comesBack('key', parent);
  comesBack('none', parent);
  expect(second.ended).toBe(true);
  expect(recording.spans().map(({ attributes }) => attributes['error.type'])).toEqual([undefined, 'NO_ROUTE']);
});

test('a channel with very many publishes visits each of them a few times only', () => {
  const count = 4000;
  let visits = 0;
  let failed = 0;
  const started = Array.from({ length: count }, (): Operation => {
    let ended = false;
    const operation = {
      isObserved: true,
      get ended() {
        visits++;
        return ended;
      },
      end: () => void (ended = true),
      fail() {
        ended = true;
        failed++;
      },
    } as unknown as Operation;
    returns.publish(operation, 'x', 'key', { headers: headersOf(parent) });
    return operation;
  });
  for (const [at, operation] of started.entries()) {
    if (at % 2 === 0) comesBack('key', parent);
    operation.end();
  }
  expect(failed).toBe(count / 2);
  for (let at = 0; at < 100; at++) publish('key', undefined).end();
  expect(visits).toBeLessThan(10 * count);
});

test('it is empty when no publish waits any more', () => {
  publish('key', parent);
  expect(returns.isEmpty).toBe(false);
  returns.clear();
  expect(returns.isEmpty).toBe(true);
  comesBack('key', parent);
  expect(recording.spans()).toEqual([]);
});
