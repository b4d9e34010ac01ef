import { diag, DiagLogLevel, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { B3Propagator } from '@opentelemetry/propagator-b3';
import { JaegerPropagator } from '@opentelemetry/propagator-jaeger';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { inject, mqtracePropagator } from './index.ts';

const warn = vi.fn<(text: string) => void>();
beforeEach(() => {
  warn.mockClear();
  diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
});
afterEach(() => {
  propagation.disable();
  diag.disable();
  vi.unstubAllEnvs();
});

const sending = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
});
const w3c = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
const none = new CompositePropagator({ propagators: [] });

test.each<[string, TextMapPropagator, string | undefined]>([
  ['W3C', w3c, undefined],
  ["mqtrace's own", mqtracePropagator, undefined],
  ['Jaeger', new JaegerPropagator(), undefined],
  ['none', none, undefined],
  ['trace context alone', new W3CTraceContextPropagator(), 'loses the baggage of messages'],
  ['B3', new B3Propagator(), 'loses the baggage of messages'],
  ['baggage alone', new W3CBaggagePropagator(), 'loses the trace id of messages'],
])('a warning is logged once for %s, if it loses something', (_, propagator, lost) => {
  propagation.setGlobalPropagator(propagator);
  for (let i = 0; i < 3; i++) inject(kafkaHeaders, {}, sending);
  expect(warn.mock.calls.map(([text]) => text)).toEqual(
    lost === undefined ? [] : [expect.stringMatching(`${lost}.*\\{ propagator: 'mqtrace' \\}`)],
  );
});

test('there is no warning for a propagator that an option selects', () => {
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  inject(kafkaHeaders, {}, sending, { propagator: 'mqtrace' });
  expect(warn).not.toHaveBeenCalled();
});

test.each<[names: string, propagator: TextMapPropagator, lost: string | undefined]>([
  ['tracecontext', new W3CTraceContextPropagator(), undefined],
  [' b3 ', new B3Propagator(), undefined],
  ['baggage', new W3CBaggagePropagator(), undefined],
  ['tracecontext,baggage', new W3CTraceContextPropagator(), 'loses the baggage'],
  ['tracecontext', new W3CBaggagePropagator(), 'loses the trace id'],
  ['', new W3CTraceContextPropagator(), 'loses the baggage'],
])('with OTEL_PROPAGATORS=%s, there is no warning for what is not listed', (names, propagator, lost) => {
  vi.stubEnv('OTEL_PROPAGATORS', names);
  propagation.setGlobalPropagator(propagator);
  inject(kafkaHeaders, {}, sending);
  expect(warn.mock.calls.map(([text]) => text)).toEqual(lost === undefined ? [] : [expect.stringContaining(lost)]);
});

test('without a logger the warning is written to stderr', () => {
  diag.disable();
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  for (let i = 0; i < 3; i++) inject(kafkaHeaders, {}, sending);
  const lines = write.mock.calls.map(([text]) => text);
  write.mockRestore();
  expect(lines).toEqual([expect.stringMatching(/^mqtrace: the registered propagator loses the baggage .*\n$/)]);
});
