import {
  type TextMapPropagator,
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  trace,
  TraceFlags,
  type TraceState,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { suppressTracing, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test, vi } from 'vitest';
import { httpHeaders, kafkaHeaders, redisFields } from '../../carriers/index.ts';
import { tracingFaults } from '../common/faults.ts';
import { isContext } from '../common/active-context.ts';
import {
  captureContext,
  extract,
  getBaggage,
  inject,
  mqtracePropagator,
  restoreContext,
  withBaggage,
  withCapturedContext,
} from './index.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${spanId}-01`;
const mqtraceMethods = {
  inject: mqtracePropagator.inject.bind(mqtracePropagator),
  extract: mqtracePropagator.extract.bind(mqtracePropagator),
  fields: mqtracePropagator.fields.bind(mqtracePropagator),
};
const carried = extract(kafkaHeaders, { traceparent, tracestate: 'a=1', baggage: 'k=v' });

afterEach(() => {
  propagation.disable();
  context.disable();
  diag.disable();
  vi.restoreAllMocks();
});

test('an injected context is extracted: trace, state and baggage', () => {
  expect(trace.getSpanContext(carried)).toMatchObject({ traceId, spanId, traceFlags: 1, isRemote: true });
  const headers = inject(kafkaHeaders, { mine: 'x' }, carried);
  expect(headers).toEqual({ mine: 'x', traceparent, tracestate: 'a=1', baggage: 'k=v' });
});

test('written headers are valid for any span context: ids in lower case, no line break in a trace state', () => {
  const traceState = { serialize: () => 'a=1\r\nx: y', get: () => undefined } as unknown as TraceState;
  const spanContext = { traceId: traceId.toUpperCase(), spanId: spanId.toUpperCase(), traceFlags: 1, traceState };
  expect(inject(httpHeaders, {}, trace.setSpanContext(ROOT_CONTEXT, spanContext))).toEqual({ traceparent });
});

test('inject returns new headers, replaces trace headers of an earlier message in any spelling, and does not change the given ones', () => {
  const old = Object.freeze({ TraceParent: 'old', Baggage: 'leak=1', tracestate: 'old=1', mine: 'x' });
  const headers = inject(kafkaHeaders, old, trace.setSpanContext(ROOT_CONTEXT, trace.getSpanContext(carried)!));
  expect(headers).toEqual({ mine: 'x', traceparent, tracestate: 'a=1' });
  expect(old).toEqual({ TraceParent: 'old', Baggage: 'leak=1', tracestate: 'old=1', mine: 'x' });
});

test('without trace and baggage, or with tracing suppressed, the headers are unchanged', () => {
  const given = { baggage: 'mine=1', traceparent: 'mine' };
  expect(inject(kafkaHeaders, given, ROOT_CONTEXT)).toEqual(given);
  expect(inject(kafkaHeaders, given, ROOT_CONTEXT)).not.toBe(given);
  expect(inject(kafkaHeaders, given, suppressTracing(carried))).toEqual(given);
  expect(inject(kafkaHeaders, undefined, ROOT_CONTEXT)).toEqual({});
  expect(inject(redisFields, ['f', '1'], ROOT_CONTEXT)).toEqual(['f', '1']);
});

test('baggage is propagated without a traceparent', () => {
  const read = extract(kafkaHeaders, { baggage: 'k=v' });
  expect(trace.getSpanContext(read)).toBeUndefined();
  expect(getBaggage(read).getEntry('k')?.value).toBe('v');
  expect(inject(kafkaHeaders, {}, read)).toEqual({ baggage: 'k=v' });
});

test('tracestate is not read if the traceparent is invalid', () => {
  expect(extract(kafkaHeaders, { traceparent: 'x', tracestate: 'a=1' })).toBe(ROOT_CONTEXT);
});

test('flags above 0x0f pass through as two digits, unknown ones zero (the stock propagator writes three)', () => {
  const flagged = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 0xff });
  expect(inject(kafkaHeaders, {}, flagged)).toEqual({ traceparent: `00-${traceId}-${spanId}-03` });
});

test('the random flag is kept despite the spans of the SDK, which lose it, and is not set for another trace', () => {
  const tracer = new BasicTracerProvider().getTracer('test');
  for (const [flags, expected] of [
    ['03', '03'],
    ['01', '01'],
  ]) {
    const received = extract(kafkaHeaders, { traceparent: `00-${traceId}-${spanId}-${flags}` });
    const child = tracer.startSpan('child', {}, received);
    const sent = inject(kafkaHeaders, {}, trace.setSpan(received, child));
    expect(sent['traceparent']).toBe(`00-${traceId}-${child.spanContext().spanId}-${expected}`);
    const root = tracer.startSpan('root', { root: true }, received);
    expect(inject(kafkaHeaders, {}, trace.setSpan(received, root))['traceparent']).toMatch(/-01$/);
  }
});

test('the registered propagator is used, except with the choice "mqtrace"', () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  expect(inject(kafkaHeaders, {}, carried)).toEqual({ traceparent, tracestate: 'a=1' });
  expect(inject(kafkaHeaders, {}, carried, { propagator: 'mqtrace' })).toMatchObject({ baggage: 'k=v' });
  expect(() => inject(kafkaHeaders, {}, carried, { propagator: 'w3c' as 'mqtrace' })).toThrow(
    "[INVALID_OPTION] inject({ propagator }): expected 'global', 'mqtrace' or a TextMapPropagator with inject(), extract() and fields(), got \"w3c\"",
  );
  const withoutFields = { inject: () => undefined, extract: () => ROOT_CONTEXT } as unknown as TextMapPropagator;
  expect(() => inject(kafkaHeaders, {}, carried, { propagator: withoutFields })).toThrow(
    'a TextMapPropagator with inject(), extract() and fields(), got an object',
  );
});

test.each([
  [() => inject(undefined as never, {}), 'inject: expected a carrier adapter, as kafkaHeaders of mqtrace/carriers'],
  [
    () => extract({} as never, {}),
    'extract: expected a carrier adapter, as kafkaHeaders of mqtrace/carriers, got an object',
  ],
  [() => inject(kafkaHeaders, {}, undefined, null as never), 'inject options: expected an object, got null'],
  [
    () => extract(kafkaHeaders, {}, undefined, { propagater: 1 } as never),
    'extract options: unknown option "propagater"; did you mean "propagator"?',
  ],
])('invalid arguments throw: %#', (use, message) => {
  expect(use).toThrow(`[INVALID_OPTION] ${message}`);
});

test('a propagator that throws is reported, and the message is sent unchanged', () => {
  const error = vi.fn<() => void>();
  diag.setLogger({ error, warn: error, info: error, debug: error, verbose: error }, DiagLogLevel.ERROR);
  const faulty = {
    inject: () => {
      throw new Error('inject');
    },
    extract: () => {
      throw new Error('extract');
    },
    fields: () => ['traceparent'],
  };
  const before = tracingFaults();
  const given = { traceparent: 'mine' };
  expect(inject(kafkaHeaders, given, carried, { propagator: faulty })).toEqual(given);
  expect(extract(kafkaHeaders, given, ROOT_CONTEXT, { propagator: faulty })).toBe(ROOT_CONTEXT);
  expect(tracingFaults()).toBe(before + 2);
  expect(error).toHaveBeenCalledTimes(2);
});

const broken = (): never => {
  throw new Error('broken');
};
test.each<[string, object]>([
  ['extract() throws', { extract: broken }],
  ['extract() returns undefined', { extract: () => undefined }],
  ['extract() returns null', { extract: () => null }],
  ['extract() returns a promise', { extract: () => Promise.resolve(ROOT_CONTEXT) }],
  ['fields() throws', { fields: broken }],
  ['fields() returns undefined', { fields: () => undefined }],
  ['fields() returns null', { fields: () => null }],
  ['fields() returns numbers', { fields: () => [1] }],
  ['inject() throws', { inject: broken }],
])('a propagator whose %s is a counted fault: there is always a context and a message', (_, part) => {
  const propagator = { ...mqtraceMethods, ...part } as never;
  const before = tracingFaults();
  expect(inject(kafkaHeaders, { mine: '1' }, carried, { propagator })).toMatchObject({ mine: '1' });
  expect(isContext(extract(kafkaHeaders, { traceparent }, ROOT_CONTEXT, { propagator }))).toBe(true);
  expect(isContext(restoreContext(captureContext(carried, { propagator }), { propagator }))).toBe(true);
  expect(tracingFaults()).toBeGreaterThan(before);
});

test.each(['inject', 'extract', 'fields'])('a propagator without %s is rejected with an error', (method) => {
  const propagator = { ...mqtraceMethods, [method]: undefined } as never;
  expect(() => inject(kafkaHeaders, {}, carried, { propagator })).toThrow('INVALID_OPTION');
  expect(() => captureContext(carried, { propagator })).toThrow('INVALID_OPTION');
});

test('the propagator works with any getter, including arrays and Buffers of another library', () => {
  const getter = { keys: () => [], get: (carrier: Record<string, unknown>, key: string) => carrier[key] as string };
  const read = mqtracePropagator.extract(
    ROOT_CONTEXT,
    { traceparent: ['x', traceparent], tracestate: ['a=1', 'b=2'], baggage: Buffer.from('k=v') },
    getter,
  );
  expect(trace.getSpanContext(read)?.spanId).toBe(spanId);
  expect(trace.getSpanContext(read)?.traceState?.serialize()).toBe('a=1,b=2');
  expect(getBaggage(read).getEntry('k')?.value).toBe('v');
});

test('HTTP: two different traceparents start a new trace', () => {
  expect(extract(httpHeaders, { traceparent: `${traceparent}, 00-${traceId}-00f067aa0ba902b7-01` })).toBe(ROOT_CONTEXT);
});

test('withBaggage merges, replaces and removes entries, and does not change the outer context', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const seen = withBaggage({ tenant: 'a', user: 'u' }, () =>
    withBaggage({ user: undefined, tenant: 'b', plan: { value: 'pro' } }, () => getBaggage().getAllEntries()),
  );
  expect(seen).toEqual([
    ['tenant', { value: 'b' }],
    ['plan', { value: 'pro' }],
  ]);
  expect(getBaggage().getAllEntries()).toEqual([]);
  const later = await withBaggage({ tenant: 'c' }, async () => {
    await Promise.resolve();
    return getBaggage().getEntry('tenant')?.value;
  });
  expect(later).toBe('c');
});

test('withBaggage does not warn if the context manager creates its own contexts', () => {
  const lines: string[] = [];
  const add = (line: string): void => void lines.push(line);
  diag.setLogger({ error: add, warn: add, info: add, debug: add, verbose: add }, DiagLogLevel.WARN);
  const manager = new AsyncLocalStorageContextManager();
  const own = Symbol('what a vendor keeps in a context');
  manager.with = (given, fn, receiver, ...args): never =>
    AsyncLocalStorageContextManager.prototype.with.call(
      manager,
      given.setValue(own, 1),
      fn as never,
      receiver,
      ...args,
    ) as never;
  context.setGlobalContextManager(manager.enable());
  expect(withBaggage({ k: 'v' }, () => getBaggage().getEntry('k')?.value)).toBe('v');
  expect(lines).toEqual([]);
});

test('withBaggage without a context manager runs the function and warns once', () => {
  const warn = vi.fn<(message: string) => void>();
  diag.setLogger({ error: warn, warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
  expect(withBaggage({ k: 'v' }, () => 7)).toBe(7);
  expect(withBaggage({ k: 'v' }, () => 8)).toBe(8);
  expect(warn).toHaveBeenCalledOnce();
  expect(warn.mock.calls[0]![0]).toContain('no context manager is registered');
});

test('the function and the captured context are validated', () => {
  const promise = Promise.resolve(1) as never;
  const got = 'expected a function, got a promise (is an await missing?)';
  expect(() => withBaggage({ k: 'v' }, promise)).toThrow(`[INVALID_OPTION] withBaggage(…, fn): ${got}`);
  expect(() => withCapturedContext({}, promise)).toThrow(`[INVALID_OPTION] withCapturedContext(…, fn): ${got}`);
  expect(() => captureContext({ propagator: 'mqtrace' } as never)).toThrow(
    '[INVALID_OPTION] captureContext(context): expected a Context of OpenTelemetry, got an object',
  );
});

test('the sampled flag of the API is sent', () => {
  expect(trace.getSpanContext(carried)?.traceFlags).toBe(TraceFlags.SAMPLED);
});
