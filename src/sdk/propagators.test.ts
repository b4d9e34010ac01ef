import {
  type Context,
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
} from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { mqtracePropagator } from '../propagation/index.ts';
import { Environment } from '../config/environment.ts';
import type { StartTracingOptions } from './options.ts';
import { choosePropagator } from './propagators.ts';

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

test("the default is mqtrace's own, also when its two halves are named", () => {
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
])('%s alone does not read the other half', (name, traced, carried) => {
  const read = extract(choose({}, name), inject(mqtracePropagator));
  expect(trace.getSpanContext(read) !== undefined).toBe(traced);
  expect(propagation.getBaggage(read) !== undefined).toBe(carried);
  const fields = choose({}, name).fields();
  expect(fields).toEqual(traced ? ['traceparent', 'tracestate'] : ['baggage']);
});

test('a propagator in code gives way to the variable, unless the mode says otherwise', () => {
  const own: TextMapPropagator = { inject: () => undefined, extract: (context) => context, fields: () => [] };
  expect(choose({ propagator: own })).toBe(own);
  expect(choose({ propagator: own }, 'tracecontext,baggage')).toBe(mqtracePropagator);
  expect(choose({ propagator: own }, 'tracecontext,baggage', 'fallback')).toBe(own);
});
