import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writeSpan } from './otlp-encoder.ts';
import { ProtobufWriter } from '../common/protobuf-writer.ts';
import { arbitrarySpans } from './testing/arbitrary-span.ts';

test('writes the same for every position at which its buffer has to grow', () => {
  fc.assert(
    fc.property(arbitrarySpans, fc.integer({ min: 1, max: 300 }), ([span], step) => {
      const roomy = new ProtobufWriter(1 << 20);
      writeSpan(roomy, span!);
      const expected = roomy.buffer.subarray(0, roomy.position);
      for (let capacity = 1; capacity < expected.length && capacity < 5000; capacity += step) {
        const tight = new ProtobufWriter(capacity);
        writeSpan(tight, span!);
        expect(tight.buffer.subarray(0, tight.position).equals(expected), `${capacity} bytes initially`).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
