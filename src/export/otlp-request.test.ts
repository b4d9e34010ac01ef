import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';
import { OpenBatch } from './open-batch.ts';
import { toJson } from './otlp-json.ts';
import { countSpans, splitRequest } from './otlp-request.ts';
import { arbitrarySpans } from './testing/arbitrary-span.ts';
import { decodeRequest, spansOf } from '../../test-support/otlp-schema.ts';

function encode(spans: readonly ReadableSpan[]): Buffer {
  const batch = new OpenBatch();
  for (const span of spans) batch.add(span);
  const request = batch.close(new BufferPool(0));
  return request.buffer.subarray(0, request.length);
}

test('counts and splits a request without losing or duplicating a span', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const bytes = encode(spans);
      expect(countSpans(bytes)).toBe(spans.length);
      if (spans.length < 2) return;
      const halves = splitRequest(bytes, spans.length);
      expect(halves.map(countSpans)).toEqual([Math.ceil(spans.length / 2), Math.floor(spans.length / 2)]);
      expect(halves.flatMap((half) => spansOf(decodeRequest(half)))).toEqual(spansOf(decodeRequest(bytes)));
    }),
    { numRuns: 100 },
  );
}, 60_000);

test('bytes that are not a request are rejected, and nothing beyond them is read', () => {
  fc.assert(
    fc.property(arbitrarySpans, fc.nat(), (spans, at) => {
      const bytes = encode(spans);
      const cut = bytes.subarray(0, 1 + (at % (bytes.length - 1)));
      // A cut can only go unnoticed where one ResourceSpans ends.
      try {
        expect(countSpans(cut)).toBeLessThan(spans.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 100 },
  );
  expect(() => countSpans(Buffer.alloc(40, 0xff))).toThrow(RangeError);
}, 60_000);

/** Normalizes what the official serializer omits or encodes in another valid way. */
function canonical(value: unknown, key = ''): unknown {
  if (key === 'intValue' || key === 'doubleValue')
    return value !== null && Number.isFinite(Number(value)) ? Number(value) + 0 : null;
  if (typeof value === 'string') return Buffer.from(value).toString();
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name, item]) => {
    // The official serializer has it only with attributes.
    if (key === 'scope' && name === 'droppedAttributesCount') return false;
    // The official serializer repeats the schema URL inside the resource, where the protocol does not define it.
    if (key === 'resource' && name === 'schemaUrl') return false;
    const optional = ['traceState', 'schemaUrl', 'version', 'message', 'attributes', 'droppedAttributesCount'].includes(
      name,
    );
    return !(optional && (item === '' || item === 0 || (Array.isArray(item) && item.length === 0)));
  });
  return Object.fromEntries(
    entries.map(([name, item]) => [name === 'doubleValue' ? 'intValue' : name, canonical(item, name)]),
  );
}

test('the JSON form contains the same data as that of the official serializer', () => {
  fc.assert(
    fc.property(arbitrarySpans, (spans) => {
      const one = [spans[0]!];
      const official = JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest(one)!).toString()) as unknown;
      expect(canonical(JSON.parse(JSON.stringify(toJson(encode(one)))))).toEqual(canonical(official));
    }),
    { numRuns: 100 },
  );
}, 60_000);
