// Generates sequences of calls on a span from its start to its end, for property tests.
import { type Attributes, type Span, SpanKind, type SpanOptions } from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import type { SpanLimits } from '@opentelemetry/sdk-trace';
import fc from 'fast-check';

/** One call, which can be made on any span. */
export type Step = (span: Span) => unknown;
export interface Scenario {
  readonly limits: SpanLimits;
  readonly name: string;
  readonly options: SpanOptions;
  /** The attributes of a prepared span, which is started instead of one with only `options`; undefined for none. */
  readonly prepared: Attributes | undefined;
  /** The attributes of a prepared span that samplers do not get. */
  readonly details: Attributes | undefined;
  readonly parent: 'none' | 'local' | 'remote' | 'invalid';
  readonly decision: 0 | 1 | 2;
  readonly sampled: { attributes?: unknown; traceState?: TraceState };
  readonly writes: unknown;
  /** The sampler's declaration, if it writes nothing. */
  readonly readsOnly: boolean;
  readonly ignoresAttributes: boolean;
  readonly ignoresLinks: boolean;
  /** Whether the links of a prepared span are given as a function. */
  readonly linksLater: boolean;
  /** Whether processors read a span before it has ended. */
  readonly looks: boolean;
  readonly onStart: Step | undefined;
  readonly onEnding: Step | undefined;
  readonly steps: readonly Step[];
}

const key = fc.constantFrom('a', 'b', 'c', 'd', '', 'longer.name', '1');
const plainKey = fc.oneof(key, fc.constant('__proto__'));
const plain = fc.oneof(fc.string({ maxLength: 12 }), fc.double(), fc.integer(), fc.boolean());
const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, 10n, Symbol.iterator, NaN, {}, () => 1, new Date(0), new Uint8Array(3)),
  fc.array(fc.oneof(plain, fc.constantFrom(null, undefined)), { maxLength: 3 }),
  fc.array(fc.string({ maxLength: 12 }), { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 3 }), plain, { maxKeys: 2 }),
);
const value: fc.Arbitrary<unknown> = fc.oneof({ weight: 4, arbitrary: plain }, { weight: 1, arbitrary: odd });
const plainAttributes: fc.Arbitrary<unknown> = fc.dictionary(plainKey, plain, { maxKeys: 5 });
const attributes: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: plainAttributes },
  { weight: 2, arbitrary: fc.dictionary(key, value, { maxKeys: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(undefined, null, [], ['x'], 'text', 7) },
);
const time: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant(undefined),
  fc.constantFrom<unknown>(null, 'soon', NaN, -5, 0, 10.25, 1000, 1_700_000_000_000, 1_700_000_000_123.456),
  fc.constantFrom<unknown>(
    new Date(1_700_000_000_500),
    new Date(NaN),
    [1_700_000_000, 5],
    [1_700_000_009, 999_999_999],
  ),
);
const linkContext = fc.constantFrom(
  { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16), traceFlags: 1, isRemote: true },
  { traceId: 'e'.repeat(32), spanId: 'f'.repeat(16), traceFlags: 0, traceState: new TraceState('x=1') },
);
const link = fc.record({ context: linkContext, attributes }, { requiredKeys: ['context'] });
const plainLink = fc.record({ context: linkContext, attributes: plainAttributes }, { requiredKeys: ['context'] });
const exception = fc.constantFrom<unknown>(
  'text',
  '',
  new TypeError('no'),
  { code: 'ECONNREFUSED', message: 'refused', stack: 'at x' },
  { code: 42 },
  { name: 'N' },
  {},
  undefined,
);

type Any = Record<string, (...given: unknown[]) => unknown>;
const call = (method: string, ...given: unknown[]): Step =>
  Object.assign((span: Span) => (span as unknown as Any)[method]!(...given), {
    toString: () => `${method}(${fc.stringify(given)})`,
  });
const read = (name: string): Step =>
  Object.assign((span: Span) => (span as unknown as Record<string, unknown>)[name], { toString: () => name });
/** The times of the clocks. */
export const clocks = { wall: 0, ticks: 0 };
const advance = (wallMs: number, ticksMs: number): Step =>
  Object.assign(
    () => {
      clocks.wall += wallMs;
      clocks.ticks += ticksMs;
    },
    { toString: () => `advance(${wallMs}, ${ticksMs})` },
  );

const setting: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(plainKey, plain).map(([name, given]) => call('setAttribute', name, given)),
  fc.tuple(key, value).map(([name, given]) => call('setAttribute', name, given)),
  attributes.map((given) => call('setAttributes', given)),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: setting },
  {
    weight: 4,
    arbitrary: fc.oneof(
      fc.tuple(fc.string(), attributes, time).map(([name, given, at]) => call('addEvent', name, given, at)),
      fc.tuple(fc.string(), time).map(([name, at]) => call('addEvent', name, at)),
      link.map((given) => call('addLink', given)),
      fc.array(link, { maxLength: 3 }).map((given) => call('addLinks', given)),
      fc
        .record({ code: fc.constantFrom(0, 1, 2), message: fc.constantFrom<unknown>('m', '', 5, null, undefined) })
        .map((status) => call('setStatus', status)),
      fc.string().map((name) => call('updateName', name)),
      fc.tuple(exception, time).map(([thrown, at]) => call('recordException', thrown, at)),
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom(call('isRecording'), call('spanContext'), read('duration'), read('ended')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('attributes', 'links', 'events', 'status', 'name', 'startTime', 'endTime').map(read),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.integer({ min: -50, max: 2000 }), fc.double({ min: 0, max: 2000, noNaN: true }))
      .map((ms) => advance(...ms)),
  },
  { weight: 2, arbitrary: time.map((at) => call('end', at)) },
);

const limit = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 1 });
export const scenario: fc.Arbitrary<Scenario> = fc.record({
  limits: fc
    .record({
      attributeValueLengthLimit: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
      attributeCountLimit: limit,
      eventCountLimit: limit,
      linkCountLimit: limit,
      attributePerEventCountLimit: limit,
      attributePerLinkCountLimit: limit,
    })
    .map((all) => Object.fromEntries(Object.entries(all).filter(([, given]) => given !== undefined)) as SpanLimits),
  // Mostly one name, because the common attributes of a name are encoded once.
  name: fc.oneof(fc.constant('process orders'), fc.string()),
  options: fc.record(
    {
      kind: fc.constantFrom(SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.CONSUMER),
      attributes: fc.oneof(plainAttributes, attributes) as fc.Arbitrary<never>,
      links: fc.oneof(fc.array(plainLink, { maxLength: 3 }), fc.array(link, { maxLength: 5 })) as fc.Arbitrary<never>,
      startTime: time as fc.Arbitrary<never>,
      root: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
  prepared: fc.option(
    fc.oneof(plainAttributes, fc.dictionary(key, value, { maxKeys: 6 })) as fc.Arbitrary<Attributes>,
    {
      nil: undefined,
    },
  ),
  details: fc.option(fc.dictionary(key, plain, { maxKeys: 3 }) as fc.Arbitrary<Attributes>, { nil: undefined }),
  parent: fc.constantFrom('none', 'local', 'remote', 'invalid'),
  decision: fc.constantFrom(0, 1, 2, 2, 2),
  sampled: fc.record(
    {
      attributes: fc.oneof(plainAttributes, fc.dictionary(key, value)),
      traceState: fc.constant(new TraceState('s=1')),
    },
    { requiredKeys: [] },
  ),
  writes: fc.option(fc.dictionary(key, value, { maxKeys: 2 }), { nil: undefined, freq: 1 }),
  readsOnly: fc.boolean(),
  ignoresAttributes: fc.boolean(),
  ignoresLinks: fc.boolean(),
  linksLater: fc.boolean(),
  looks: fc.boolean(),
  onStart: fc.option(step, { nil: undefined }),
  onEnding: fc.option(setting, { nil: undefined }),
  steps: fc.array(step, { maxLength: 12 }),
});
