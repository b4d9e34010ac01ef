import {
  createTraceState,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  trace,
  type Context,
  type TracerProvider,
} from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { removeSamplingMarker, setSamplingMarker, skipsSpan, type SamplingMarker } from './sampling-marker.ts';

const provider: TracerProvider = new ProxyTracerProvider().getDelegate();
const other: TracerProvider = { getTracer: () => trace.getTracer('other') };

function parent(traceFlags: number, extra: object = {}): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: 'b7ad6b7169203331',
    traceFlags,
    isRemote: true,
    ...extra,
  });
}

function leave(marker: Partial<SamplingMarker> = {}): void {
  setSamplingMarker({ version: 1, provider, skipsBelow: () => true, ...marker });
}

afterEach(() => {
  setSamplingMarker(undefined);
  trace.disable();
});

describe('skipsSpan', () => {
  test('without a marker no span is left out', () => {
    expect(skipsSpan(parent(0), provider)).toBe(false);
  });

  test('below an unsampled parent the marker decides', () => {
    leave({ skipsBelow: ({ traceState }) => traceState === undefined });
    expect(skipsSpan(parent(0), provider)).toBe(true);
    expect(skipsSpan(parent(2), provider)).toBe(true);
    expect(skipsSpan(parent(0, { traceState: createTraceState('ot=th:0') }), provider)).toBe(false);
  });

  test('never for roots, sampled or invalid parents', () => {
    leave();
    expect(skipsSpan(ROOT_CONTEXT, provider)).toBe(false);
    expect(skipsSpan(parent(1), provider)).toBe(false);
    expect(skipsSpan(parent(3), provider)).toBe(false);
    expect(skipsSpan(parent(0, { traceId: '0'.repeat(32) }), provider)).toBe(false);
    expect(skipsSpan(parent(0, { spanId: 'x' }), provider)).toBe(false);
  });

  test('never on a foreign provider, given or registered', () => {
    leave();
    expect(skipsSpan(parent(0), other)).toBe(false);
    trace.setGlobalTracerProvider(other);
    expect(skipsSpan(parent(0))).toBe(false);
  });

  test('finds the registered provider behind its proxy', () => {
    const mine: TracerProvider = { getTracer: () => trace.getTracer('mine') };
    trace.setGlobalTracerProvider(mine);
    leave({ provider: mine });
    expect(skipsSpan(parent(0))).toBe(true);
  });

  test('does not look at a marker of another version', () => {
    leave({ version: 2 as never });
    expect(skipsSpan(parent(0), provider)).toBe(false);
  });

  test('a provider takes away its own marker only', () => {
    leave();
    removeSamplingMarker(other);
    expect(skipsSpan(parent(0), provider)).toBe(true);
    removeSamplingMarker(provider);
    expect(skipsSpan(parent(0), provider)).toBe(false);
  });
});
