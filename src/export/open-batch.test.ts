import type { Attributes } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { OpenBatch, type EncodedRequest } from './open-batch.ts';
import { arbitrarySpans } from './testing/arbitrary-span.ts';
import { decodeRequest, spansOf } from '../../test-support/otlp-schema.ts';

const bytes = (request: EncodedRequest): Uint8Array => request.buffer.subarray(0, request.length);
const official = (spans: ReadableSpan[]): Uint8Array => ProtobufTraceSerializer.serializeRequest(spans)!;

test('encodes the same data as the official serializer, for any spans', () => {
  const batch = new OpenBatch();
  const pool = new BufferPool();
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      for (const span of spans) batch.add(span);
      const request = batch.close(pool);
      expect(request.spans).toBe(spans.length);
      expect(decodeRequest(bytes(request))).toEqual(decodeRequest(official(spans)));
      pool.give(request.buffer);
    }),
    { numRuns: 200 },
  );
}, 60_000);

test('large batches, which are not copied, contain the same data, whatever their resources, scopes and sizes', () => {
  const large = fc.array(fc.record({ spans: arbitrarySpans, times: fc.integer({ min: 1, max: 150 }) }), {
    maxLength: 4,
  });
  let notCopied = 0;
  fc.assert(
    fc.property(large, (batches) => {
      const batch = new OpenBatch();
      const pool = new BufferPool(300_000);
      const requests: [EncodedRequest, ReadableSpan[]][] = [];
      for (const { spans, times } of batches) {
        const all = Array.from({ length: times }, () => spans).flat();
        for (const span of all) batch.add(span);
        const request = batch.close(pool);
        expect(batch.bytes).toBe(0);
        if (request.length >= 32_768) notCopied++;
        requests.push([request, all]);
      }
      // The buffer of each belongs to it until it is returned.
      for (const [request, all] of requests) {
        expect(decodeRequest(bytes(request))).toEqual(decodeRequest(official(all)));
        pool.give(request.buffer);
      }
    }),
    { numRuns: 12 },
  );
  expect(notCopied).toBeGreaterThan(5);
}, 60_000);

test('the spans of the wrappers, whose first attributes are kept in encoded form, contain the same data', () => {
  const scope = { name: 'mqtrace', version: '1.0' };
  const list = ['one'];
  const common = fc.constantFrom<Attributes>(
    {},
    { a: 'x' },
    { a: 'x', b: 1 },
    { a: 'y', b: 1 },
    { b: 1, a: 'x' },
    { a: 'x', list },
  );
  const named = fc.tuple(
    arbitrarySpans,
    fc.array(fc.tuple(common, fc.constantFrom('send', 'process'), fc.nat(3)), { minLength: 1 }),
  );
  fc.assert(
    fc.property(named, ([given, each]) => {
      const spans = each.map(([attributes, name, at]) => {
        const span = given[at % given.length]!;
        return { ...span, name, instrumentationScope: scope, attributes: { ...attributes, ...span.attributes } };
      });
      for (let round = 0; round < 2; round++) {
        // Lists may be modified between two spans.
        list.push('more');
        const batch = new OpenBatch();
        for (const span of spans) batch.add(span);
        expect(decodeRequest(bytes(batch.close(new BufferPool(0))))).toEqual(decodeRequest(official(spans)));
      }
      list.length = 1;
    }),
    { numRuns: 100 },
  );
}, 60_000);

test('closing before the last span leaves it for the next batch', () => {
  fc.assert(
    fc.property(arbitrarySpans, arbitrarySpans, (first, second) => {
      const batch = new OpenBatch();
      const pool = new BufferPool(0);
      const last = second[0]!;
      for (const span of [...first, last]) batch.add(span);
      expect(decodeRequest(bytes(batch.closeBeforeLast(pool)))).toEqual(decodeRequest(official(first)));
      for (const span of second.slice(1)) batch.add(span);
      expect(batch.spans).toBe(second.length);
      expect(decodeRequest(bytes(batch.close(pool)))).toEqual(decodeRequest(official(second)));
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('a span that cannot be encoded does not change the batch', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const batch = new OpenBatch();
      const pool = new BufferPool(0);
      const cycle: unknown[] = [];
      cycle.push(cycle);
      const wrong = { ...spans[0]!, attributes: { cycle } } as unknown as ReadableSpan;
      for (const span of spans) {
        batch.add(span);
        expect(() => {
          batch.add(wrong);
        }).toThrow(RangeError);
      }
      const request = bytes(batch.close(pool));
      expect(decodeRequest(request)).toEqual(decodeRequest(official(spans)));
      expect(spansOf(decodeRequest(request))).toHaveLength(spans.length);
    }),
    { numRuns: 20 },
  );
});
