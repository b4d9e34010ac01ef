import { context, propagation, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, expect, test } from 'vitest';
import { kafkaHeaders, droppedHeaders } from '../../carriers/index.ts';
import { baggage, BaggageManager, baggageKey, extract, inject, processBaggage, withBaggage } from './index.ts';

afterEach(() => {
  processBaggage.clear();
  context.disable();
});

test('get, set and remove entries, with metadata, on immutable contexts', () => {
  const one = baggage.set('tenant', 'a b', { context: ROOT_CONTEXT, metadata: 'ttl=30' });
  const two = baggage.set('n', '', { context: one });
  expect(baggage.getAll(two)).toEqual({ tenant: 'a b', n: '' });
  expect(baggage.getMetadata('tenant', two)).toBe('ttl=30');
  expect(baggage.getMetadata('n', two)).toBeUndefined();
  expect(baggage.get('n', one)).toBeUndefined();
  expect(baggage.getAll(baggage.remove('tenant', two))).toEqual({ n: '' });
  expect(inject(kafkaHeaders, {}, two)).toEqual({ baggage: 'tenant=a%20b;ttl=30,n=' });
});

test('a key that is not a token is dropped and counted, and nothing is forged', () => {
  const before = droppedHeaders()['baggage-key-invalid'];
  expect(baggage.set('a=1,b', 'x', { context: ROOT_CONTEXT })).toBe(ROOT_CONTEXT);
  expect(droppedHeaders()['baggage-key-invalid']).toBe(before + 1);
});

test('keys and values of invalid types are dropped and counted individually, and nothing throws', () => {
  const before = droppedHeaders();
  expect(baggage.set(Symbol('k') as never, 'v', { context: ROOT_CONTEXT })).toBe(ROOT_CONTEXT);
  expect(baggage.set('k', Object.create(null) as never, { context: ROOT_CONTEXT })).toBe(ROOT_CONTEXT);
  const typed = baggageKey('k', {
    parse: Number,
    format: () => {
      throw new Error('no');
    },
  });
  expect(typed.set(1, { context: ROOT_CONTEXT })).toBe(ROOT_CONTEXT);
  expect(typed.entry(1)).toEqual({});
  expect(baggage.get(Symbol('k') as never, ROOT_CONTEXT)).toBeUndefined();
  expect(withBaggage(null as never, () => 'result')).toBe('result');
  expect(droppedHeaders()['baggage-key-invalid'] - before['baggage-key-invalid']).toBe(1);
  expect(droppedHeaders()['baggage-value-invalid'] - before['baggage-value-invalid']).toBe(3);
});

test('a typed key parses its value; a value that cannot be parsed counts as missing', () => {
  const tenant = baggageKey('tenant', { parse: Number });
  const flags = baggageKey('flags', { parse: (text) => JSON.parse(text) as string[], format: JSON.stringify });
  const typed = flags.set(['x', 'ü,;'], { context: tenant.set(42, { context: ROOT_CONTEXT }) });
  const received = extract(kafkaHeaders, inject(kafkaHeaders, {}, typed));
  expect(tenant.get(received)).toBe(42);
  expect(flags.get(received)).toEqual(['x', 'ü,;']);
  const junk = extract(kafkaHeaders, { baggage: 'tenant=x,flags=%7B' });
  expect(tenant.get(junk)).toBeUndefined();
  expect(flags.get(junk)).toBeUndefined();
  expect(baggageKey('plain').get(extract(kafkaHeaders, { baggage: 'plain=1' }))).toBe('1');
  expect(() => baggageKey('a b')).toThrow('[INVALID_OPTION] baggageKey(name): expected a token');
  const wrong: [unknown, string][] = [
    [null, 'baggageKey(codec): expected an object, got null'],
    [Number, 'baggageKey(codec): expected an object, got a function'],
    [{}, 'baggageKey({ parse }): expected a function, got undefined'],
    [{ parse: 'Number' }, 'baggageKey({ parse }): expected a function, got "Number"'],
    [{ parse: Number, format: 7 }, 'baggageKey({ format }): expected a function, got 7'],
    [{ parse: Number, fromat: String }, 'unknown option "fromat"; did you mean "format"?'],
  ];
  for (const [codec, message] of wrong) expect(() => baggageKey('tenant', codec as never)).toThrow(message);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  expect(withBaggage({ ...tenant.entry(7), plan: 'pro' }, () => [tenant.get(), baggage.getAll()])).toEqual([
    7,
    { tenant: '7', plan: 'pro' },
  ]);
});

test('process-wide entries are sent with every message, with or without a trace; entries of the context take precedence', () => {
  processBaggage.set('region', 'eu west').set('tenant', 'house', 'ttl=1');
  expect(inject(kafkaHeaders, { mine: '1' }, ROOT_CONTEXT)).toEqual({
    mine: '1',
    baggage: 'region=eu%20west,tenant=house;ttl=1',
  });
  const traced = trace.setSpanContext(baggage.set('tenant', 'guest', { context: ROOT_CONTEXT }), {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: TraceFlags.SAMPLED,
  });
  expect(inject(kafkaHeaders, {}, traced)['baggage']).toBe('tenant=guest,region=eu%20west');
  expect(processBaggage.entries()).toHaveLength(2);
  expect(processBaggage.get('region')).toBe('eu west');
  expect([processBaggage.remove('region'), processBaggage.remove('region')]).toEqual([true, false]);
});

test('process-wide entries follow received baggage, which is unchanged and takes precedence at the limits', () => {
  processBaggage.set('region', 'eu');
  expect(inject(kafkaHeaders, {}, extract(kafkaHeaders, { baggage: 'b = 1;p=q , a=%41+,junk' }))['baggage']).toBe(
    'b = 1;p=q , a=%41+,junk,region=eu',
  );
  const full = Array.from({ length: 64 }, (_, i) => `k${i}=v`).join(',');
  expect(inject(kafkaHeaders, {}, extract(kafkaHeaders, { baggage: full }))['baggage']).toBe(full);
  const foreign = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ k: { value: 'v' } }));
  expect(inject(kafkaHeaders, {}, foreign)['baggage']).toBe('k=v,region=eu');
});

test('a process-wide entry that cannot be sent throws', () => {
  const manager = new BaggageManager();
  expect(() => manager.set('a b', 'x')).toThrow('BaggageManager.set(key): expected a token');
  expect(() => manager.set('k', 1 as never)).toThrow('BaggageManager.set(k): expected a string, got 1');
  expect(() => manager.set('k', 'v', { ttl: 30 } as never)).toThrow(
    'BaggageManager.set(k, metadata): expected a string, got an object',
  );
  expect(manager.get('k')).toBeUndefined();
  expect(manager.entries()).toEqual([]);
});

test('only values that cannot be converted to text are omitted', () => {
  const hostile = {
    toString: (): string => {
      throw new Error('no');
    },
  };
  const set = propagation.setBaggage(
    ROOT_CONTEXT,
    propagation.createBaggage({ bad: { value: hostile as never }, k: { value: 'v' }, '\ud800': { value: 'x' } }),
  );
  expect(inject(kafkaHeaders, {}, set)).toEqual({ baggage: 'k=v' });
});
