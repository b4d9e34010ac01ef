import {
  createTraceState,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  trace,
  type Context,
  type TracerProvider,
} from '@opentelemetry/api';
import { AlwaysOnSampler, BasicTracerProvider, ParentBasedSampler } from '@opentelemetry/sdk-trace-base';
import { afterEach, describe, expect, test } from 'vitest';
import { tracingFaults } from './faults.ts';
import {
  isCertainlyDropped,
  isCertainlyUnsampled,
  isReceivedCertainlyUnsampled,
  removeSamplingHint,
  type SamplingHint,
  setSamplingHint,
} from './sampling-hint.ts';

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

function leave(hint: Partial<SamplingHint> = {}): void {
  setSamplingHint({ version: 1, provider, skipsBelow: () => true, ...hint });
}

afterEach(() => {
  setSamplingHint(undefined);
  trace.disable();
});

describe('isCertainlyUnsampled', () => {
  test('without a hint no span is skipped', () => {
    expect(isCertainlyUnsampled(parent(0), provider)).toBe(false);
  });

  test('below an unsampled parent the hint decides', () => {
    leave({ skipsBelow: ({ traceState }) => traceState === undefined });
    expect(isCertainlyUnsampled(parent(0), provider)).toBe(true);
    expect(isCertainlyUnsampled(parent(2), provider)).toBe(true);
    expect(isCertainlyUnsampled(parent(0, { traceState: createTraceState('ot=th:0') }), provider)).toBe(false);
  });

  test('spans are never skipped for roots, sampled or invalid parents', () => {
    leave();
    expect(isCertainlyUnsampled(ROOT_CONTEXT, provider)).toBe(false);
    expect(isCertainlyUnsampled(parent(1), provider)).toBe(false);
    expect(isCertainlyUnsampled(parent(3), provider)).toBe(false);
    expect(isCertainlyUnsampled(parent(0, { traceId: '0'.repeat(32) }), provider)).toBe(false);
    expect(isCertainlyUnsampled(parent(0, { spanId: 'x' }), provider)).toBe(false);
  });

  test('spans are never skipped for another provider, passed or registered', () => {
    leave();
    expect(isCertainlyUnsampled(parent(0), other)).toBe(false);
    trace.setGlobalTracerProvider(other);
    expect(isCertainlyUnsampled(parent(0))).toBe(false);
  });

  test('the registered provider is found behind its proxy', () => {
    const mine: TracerProvider = { getTracer: () => trace.getTracer('mine') };
    trace.setGlobalTracerProvider(mine);
    leave({ provider: mine });
    expect(isCertainlyUnsampled(parent(0))).toBe(true);
  });

  test('a hint of another version is ignored', () => {
    leave({ version: 2 as never });
    expect(isCertainlyUnsampled(parent(0), provider)).toBe(false);
  });

  test('a provider removes only its own hint', () => {
    leave();
    removeSamplingHint(other);
    expect(isCertainlyUnsampled(parent(0), provider)).toBe(true);
    removeSamplingHint(provider);
    expect(isCertainlyUnsampled(parent(0), provider)).toBe(false);
  });
});

describe('isReceivedCertainlyUnsampled', () => {
  const stockProvider = new BasicTracerProvider({ sampler: new ParentBasedSampler({ root: new AlwaysOnSampler() }) });
  const hints: (Partial<SamplingHint> | undefined)[] = [
    undefined,
    {},
    { skipsBelow: () => false },
    { skipsBelow: ({ traceFlags, isRemote }) => isRemote === true && traceFlags === 2 },
    { provider: other },
    { version: 2 as never },
  ];

  test.each(hints)('is the answer for the whole context of an unsampled message, with the hint %o', (hint) => {
    if (hint !== undefined) leave(hint);
    for (const flags of [0, 2]) {
      for (const asked of [provider, other, stockProvider, undefined]) {
        for (const stock of [false, true]) {
          expect(isReceivedCertainlyUnsampled(flags, asked, stock)).toBe(
            isCertainlyUnsampled(parent(flags), asked, stock),
          );
        }
      }
    }
  });

  test('it follows the provider that is registered', () => {
    const ours: TracerProvider = { getTracer: () => trace.getTracer('ours') };
    leave({ provider: ours });
    expect(isReceivedCertainlyUnsampled(0)).toBe(false);
    trace.setGlobalTracerProvider(ours);
    expect(isReceivedCertainlyUnsampled(0)).toBe(true);
    trace.disable();
    expect(isReceivedCertainlyUnsampled(0)).toBe(false);
    trace.setGlobalTracerProvider(other);
    expect(isReceivedCertainlyUnsampled(0)).toBe(false);
  });

  test('a fault is counted', () => {
    const faults = tracingFaults();
    leave({
      skipsBelow() {
        throw new Error('broken');
      },
    });
    expect(isReceivedCertainlyUnsampled(0, provider)).toBe(false);
    expect(tracingFaults()).toBe(faults + 1);
  });
});

describe('isCertainlyDropped', () => {
  test('a root is certainly dropped if the hint says so for all roots', () => {
    expect(isCertainlyDropped(ROOT_CONTEXT, provider)).toBe(false);
    leave();
    expect(isCertainlyDropped(ROOT_CONTEXT, provider)).toBe(false);
    leave({ skipsRoots: () => false });
    expect(isCertainlyDropped(ROOT_CONTEXT, provider)).toBe(false);
    leave({ skipsRoots: () => true });
    expect(isCertainlyDropped(ROOT_CONTEXT, provider)).toBe(true);
    expect(isCertainlyDropped(ROOT_CONTEXT, other)).toBe(false);
    expect(isCertainlyUnsampled(ROOT_CONTEXT, provider)).toBe(false);
  });

  test('below a parent it is the same as isCertainlyUnsampled', () => {
    leave({ skipsRoots: () => true, skipsBelow: () => false });
    expect(isCertainlyDropped(parent(0), provider)).toBe(false);
    leave({ skipsRoots: () => false });
    expect(isCertainlyDropped(parent(0), provider)).toBe(true);
    expect(isCertainlyDropped(parent(1), provider)).toBe(false);
    expect(isCertainlyDropped(parent(0, { spanId: 'x' }), provider)).toBe(false);
  });
});
