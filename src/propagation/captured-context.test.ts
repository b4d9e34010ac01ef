import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { captureContext, extract, getBaggage, restoreContext, withBaggage, withCapturedContext } from './index.ts';

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const headers = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03',
  tracestate: 'a=1',
  baggage: 'tenant=a;ttl=1 , b=%20',
};
const carried = extract(kafkaHeaders, headers);

test('a context can be stored as JSON, including the random flag and raw baggage', () => {
  const stored = JSON.stringify(captureContext(carried));
  expect(JSON.parse(stored)).toEqual(headers);
  for (const given of [stored, JSON.parse(stored) as unknown]) {
    expect(captureContext(restoreContext(given))).toEqual(headers);
  }
});

test('a function runs in it, also after an await, without anything from the active context', async () => {
  const captured = captureContext(carried);
  const seen = await withBaggage({ other: '1' }, () =>
    withCapturedContext(captured, async () => {
      await Promise.resolve();
      return [
        trace.getSpanContext(context.active())?.spanId,
        getBaggage()
          .getAllEntries()
          .map(([key]) => key),
      ];
    }),
  );
  expect(seen).toEqual(['b7ad6b7169203331', ['tenant', 'b']]);
});

test('an empty context is captured as an empty object, and restored as the root context', () => {
  expect(captureContext(ROOT_CONTEXT)).toEqual({});
  expect(restoreContext({})).toBe(ROOT_CONTEXT);
});

test('restoring never throws, for any stored value', () => {
  for (const stored of [
    null,
    undefined,
    7,
    '',
    '{',
    '[]',
    'null',
    '"x"',
    [],
    'x'.repeat(100_000),
    { traceparent: 7 },
  ]) {
    expect(restoreContext(stored)).toBe(ROOT_CONTEXT);
  }
  fc.assert(fc.property(fc.anything(), (stored) => void restoreContext(stored)));
  fc.assert(fc.property(fc.json(), (stored) => void restoreContext(stored)));
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test.each([
  [() => captureContext(ROOT_CONTEXT, { propagatr: 'mqtrace' } as never), 'did you mean "propagator"?'],
  [() => captureContext(ROOT_CONTEXT, null as never), 'captureContext options: expected an object, got null'],
  [() => restoreContext({}, { propagator: 'b4' } as never), 'restoreContext({ propagator })'],
])('invalid options are rejected', (call, message) => {
  expect(call).toThrow(message);
});
