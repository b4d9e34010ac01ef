import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import { Environment } from '../config/environment.ts';
import type { StartTracingOptions } from './options.ts';
import { choosePropagator } from './propagators.ts';
import { collectDiag } from './testing/diag-log.ts';

beforeEach(() => void collectDiag());
afterEach(() => diag.disable());

const choose = (options: StartTracingOptions, names?: string, mode: 'override' | 'fallback' = 'override') =>
  choosePropagator(options, new Environment(mode, { OTEL_PROPAGATORS: names }));

const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
const full = propagation.setBaggage(
  trace.setSpanContext(ROOT_CONTEXT, spanContext),
  propagation.createBaggage({ tenant: { value: 'x' } }),
);

function inject(propagator: TextMapPropagator): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagator.inject(full, carrier, defaultTextMapSetter);
  return carrier;
}

function extract(propagator: TextMapPropagator, carrier: Record<string, string>): Context {
  return propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
}

test('the default is the propagator of mqtrace, also if both of its parts are named', () => {
  expect(choose({})).toBe(mqtracePropagator);
  expect(choose({}, 'baggage,tracecontext')).toBe(mqtracePropagator);
  expect(choose({}, 'unknown')).toBe(mqtracePropagator);
});

test.each([
  ['tracecontext', ['traceparent']],
  ['baggage', ['baggage']],
  ['none', []],
  ['none,baggage', ['baggage']],
  ['b3', ['b3']],
  ['b3multi', ['x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid']],
  ['jaeger', ['uber-trace-id', 'uberctx-tenant']],
  ['xray', ['x-amzn-trace-id']],
  ['tracecontext,baggage,b3', ['b3', 'baggage', 'traceparent']],
])('OTEL_PROPAGATORS=%s writes %o and reads it back', (names, expected) => {
  const propagator = choose({}, names);
  const carrier = inject(propagator);
  expect(
    Object.keys(carrier)
      .map((name) => name.toLowerCase())
      .sort(),
  ).toEqual(expected);
  expect(inject(choose({ propagator: names.split(',') as ['b3'] }))).toEqual(carrier);

  const read = extract(propagator, carrier);
  const traced = expected.some((name) => name !== 'baggage');
  expect(trace.getSpanContext(read)?.traceId).toBe(traced ? spanContext.traceId : undefined);
  const tenant = expected.includes('baggage') || names === 'jaeger' ? 'x' : undefined;
  expect(propagation.getBaggage(read)?.getEntry('tenant')?.value).toBe(tenant);
});

test.each([
  ['tracecontext', true, false],
  ['baggage', false, true],
])('%s alone does not read the other part', (name, traced, carried) => {
  const read = extract(choose({}, name), inject(mqtracePropagator));
  expect(trace.getSpanContext(read) !== undefined).toBe(traced);
  expect(propagation.getBaggage(read) !== undefined).toBe(carried);
  const fields = choose({}, name).fields();
  expect(fields).toEqual(traced ? ['traceparent', 'tracestate'] : ['baggage']);
});

test('the variable takes precedence over a propagator in code, depending on the mode', () => {
  const own: TextMapPropagator = { inject: () => undefined, extract: (context) => context, fields: () => [] };
  expect(choose({ propagator: own })).toBe(own);
  expect(choose({ propagator: own }, 'tracecontext,baggage')).toBe(mqtracePropagator);
  expect(choose({ propagator: own }, 'tracecontext,baggage', 'fallback')).toBe(own);
});

test('names and propagators may be mixed, and one that throws does not stop the others', () => {
  const broken: TextMapPropagator = {
    inject: () => {
      throw new Error('inject');
    },
    extract: () => undefined as never,
    fields: () => ['broken', 'traceparent'],
  };
  const faults = tracingFaults();
  const propagator = choose({ propagator: [broken, 'tracecontext', 'baggage', new B3Propagator()] });
  const carrier = inject(propagator);
  expect(Object.keys(carrier).sort()).toEqual(['b3', 'baggage', 'traceparent']);
  const read = extract(propagator, carrier);
  expect(trace.getSpanContext(read)?.traceId).toBe(spanContext.traceId);
  expect(propagation.getBaggage(read)?.getEntry('tenant')?.value).toBe('x');
  expect(tracingFaults()).toBe(faults + 1);
  expect(propagator.fields()).toEqual(['broken', 'traceparent', 'tracestate', 'baggage', 'b3']);
});

test('the order of names is kept: if several find a trace, the last one is used', () => {
  const carrier = {
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    b3: `${'c'.repeat(32)}-${'d'.repeat(16)}-1`,
  };
  const traceId = (names: string): string | undefined =>
    trace.getSpanContext(extract(choose({}, names), carrier))?.traceId;
  expect(traceId('b3,tracecontext,baggage')).toBe('a'.repeat(32));
  expect(traceId('baggage,b3,tracecontext')).toBe('a'.repeat(32));
  expect(traceId('tracecontext,baggage,b3')).toBe('c'.repeat(32));
});
