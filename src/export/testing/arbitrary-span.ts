// Generates arbitrary spans for property tests.
import { TraceState } from '@opentelemetry/core';
import type { Attributes, HrTime, Link, SpanContext } from '@opentelemetry/api';
import type { InstrumentationScope } from '@opentelemetry/core';
import { resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  // Lone surrogates and lengths around the limits of one and two length bytes.
  fc.array(fc.constantFrom('a', 'ß', '€', '😀', '\ud800', '\udc00'), { maxLength: 200 }).map((parts) => parts.join('')),
  fc.constantFrom(39, 40, 41, 120, 127, 128, 300, 17_000).map((length) => 'x'.repeat(length)),
);

const number: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -0,
    -1,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 62,
    2 ** 63,
    -(2 ** 63),
    -(2 ** 63) - 2048,
    -(2 ** 32),
    1e300,
    Infinity,
    -Infinity,
    NaN,
  ),
);

const value: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  leaf: fc.oneof(text, number, fc.boolean(), fc.uint8Array({ maxLength: 200 }), fc.constantFrom(null, undefined)),
  node: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 10 }), tie('node'), { maxKeys: 4 }),
  ),
})).node;

const attributes: fc.Arbitrary<Attributes> = fc.dictionary(text, value, { maxKeys: 6 }) as fc.Arbitrary<Attributes>;
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const count: fc.Arbitrary<number> = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const time: fc.Arbitrary<HrTime> = fc.tuple(
  fc.integer({ min: 0, max: 18_446_744_072 }),
  fc.integer({ min: 0, max: 999_999_999 }),
);

const context: fc.Arbitrary<SpanContext> = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    traceFlags: fc.integer({ min: 0, max: 255 }),
    traceState: fc.constantFrom(
      new TraceState('a=1'),
      new TraceState(`ot=th:8,${'k'.repeat(50)}=${'v'.repeat(100)}`),
      new TraceState(''),
    ),
    isRemote: fc.boolean(),
  },
  { requiredKeys: ['traceId', 'spanId', 'traceFlags'] },
);

const scope: fc.Arbitrary<InstrumentationScope> = fc.record(
  { name: text, version: text, schemaUrl: text, attributes, droppedAttributesCount: count },
  { requiredKeys: ['name'] },
);
const resource: fc.Arbitrary<Resource> = fc
  .tuple(attributes, fc.option(text, { nil: undefined }))
  .map(([given, schemaUrl]) => resourceFromAttributes(given, schemaUrl === undefined ? {} : { schemaUrl }));

const link: fc.Arbitrary<Link> = fc.record(
  { context, attributes, droppedAttributesCount: count },
  { requiredKeys: ['context'] },
);

/** An arbitrary span of one of the given resources and scopes. */
function arbitrarySpan(
  resources: readonly Resource[],
  scopes: readonly InstrumentationScope[],
): fc.Arbitrary<ReadableSpan> {
  return fc
    .record(
      {
        name: text,
        kind: fc.integer({ min: 0, max: 4 }),
        own: context,
        parentSpanContext: context,
        startTime: time,
        endTime: time,
        status: fc.record({ code: fc.integer({ min: 0, max: 2 }), message: text }, { requiredKeys: ['code'] }),
        attributes,
        links: fc.array(link, { maxLength: 3 }),
        events: fc.array(
          fc.record(
            { name: text, time, attributes, droppedAttributesCount: count },
            { requiredKeys: ['name', 'time'] },
          ),
          { maxLength: 3 },
        ),
        resource: fc.constantFrom(...resources),
        instrumentationScope: fc.constantFrom(...scopes),
        droppedAttributesCount: count,
        droppedEventsCount: count,
        droppedLinksCount: count,
      },
      {
        noNullPrototype: true,
        requiredKeys: [
          'name',
          'kind',
          'own',
          'startTime',
          'endTime',
          'status',
          'attributes',
          'links',
          'events',
          'resource',
          'instrumentationScope',
          'droppedAttributesCount',
          'droppedEventsCount',
          'droppedLinksCount',
        ],
      },
    )
    .map(({ own, ...span }) => {
      return Object.assign(span, { spanContext: () => own, duration: [0, 0], ended: true }) as unknown as ReadableSpan;
    });
}

/** Arbitrary spans of up to three resources and scopes, in any order. */
export const arbitrarySpans: fc.Arbitrary<ReadableSpan[]> = fc
  .tuple(fc.array(resource, { minLength: 1, maxLength: 3 }), fc.array(scope, { minLength: 1, maxLength: 3 }))
  .chain(([resources, scopes]) => fc.array(arbitrarySpan(resources, scopes), { minLength: 1, maxLength: 8 }));
