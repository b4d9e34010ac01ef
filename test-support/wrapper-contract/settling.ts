// Tests every way to settle.
import { context } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { describe, expect, it } from 'vitest';
import { type Bench, eventually } from './bench.ts';
import { outcome, type Outcome } from './outcome.ts';
import type { Session } from './subject.ts';

export function describeSettling(bench: Bench): void {
  const { recording, subject } = bench;

  describe.each(bench.shapes.settles)('settling: %s', (shape) => {
    /** Settles one message; `within` runs the call. */
    const settle = async (
      session: Session,
      within: (call: () => unknown) => unknown = (call) => call(),
    ): Promise<{ outcome: Outcome; endedAtReturn: boolean }> => {
      const destination = await bench.observer.newDestination();
      await bench.send(session, destination, '1');
      const prepared = await session.settles[shape]!.prepare(destination);
      let endedAtReturn = false;
      recording.clear();
      const found = await outcome(() => {
        const result = within(() => prepared.call());
        endedAtReturn = bench.operations('settle').length > 0;
        return result;
      }, subject.normalize);
      await prepared.end();
      await eventually(async () => expect(await bench.observer.unsettled(destination)).toBe(0));
      return { outcome: found, endedAtReturn };
    };

    it('settles like the raw client, synchronously or with a promise, and its span ends at the same time', async () => {
      const { isSynchronous } = bench.raw.settles[shape]!;
      const raw = await settle(bench.raw);
      expect(raw.outcome.returned.startsWith('promise')).toBe(!isSynchronous);
      const wrapped = await settle(bench.wrapped);
      expect(wrapped.outcome).toEqual(raw.outcome);
      expect(wrapped.endedAtReturn).toBe(isSynchronous);
      expect(bench.operations('settle')).not.toEqual([]);
      await eventually(() => expect(recording.open()).toEqual([]));
    });

    it('settles without a span if tracing is suppressed', async () => {
      const suppressed = suppressTracing(context.active());
      const { outcome: found } = await settle(bench.wrapped, (call) => context.with(suppressed, call));
      expect(found.error).toBeUndefined();
      expect(bench.operations('settle')).toEqual([]);
    });
  });
}
