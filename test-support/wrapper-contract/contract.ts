// The contract of all wrappers: compares the raw and the wrapped client on the real broker.
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import { describeClosing } from './closing.ts';
import { describeErrors } from './errors.ts';
import { describeFaults } from './faults.ts';
import { describeOptions } from './options.ts';
import { describeReceiving } from './receiving.ts';
import { describeSending } from './sending.ts';
import { describeSettling } from './settling.ts';
import type { ShapeNames, WrapperSubject } from './subject.ts';
import { describeWrapping } from './wrapping.ts';

/**
 * Runs the contract for a client.
 *
 * @param shapes - the names of its shapes, which have to be known before it is connected.
 * @param whole - false leaves out what does not depend on how the client came to be traced: errors, and faults of tracing.
 */
export function describeWrapper(subject: WrapperSubject, shapes: ShapeNames, whole: boolean = true): void {
  const bench = new Bench(subject, shapes);
  beforeAll(() => bench.open());
  afterEach(() => bench.recording.clear());
  afterAll(() => bench.close());

  it('the subject describes every shape of the client', () => {
    const { sends, receives, settles } = bench.raw;
    const names = { sends: Object.keys(sends), receives: Object.keys(receives), settles: Object.keys(settles) };
    expect(names).toEqual(shapes);
  });

  describeSending(bench);
  describeReceiving(bench);
  describeSettling(bench);
  describeClosing(bench);
  describeOptions(bench);
  describeWrapping(bench);
  if (!whole) return;
  describeErrors(bench);
  // Last, because it replaces the context manager.
  describeFaults(bench);
}
