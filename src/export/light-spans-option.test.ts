// Compares the spans of an application's own provider with and without the option `lightSpans`.
import type { Span, Tracer } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';
import { ParentBasedSampler, TraceIdRatioBasedSampler } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { expect, test, vi } from 'vitest';
import { preparedTracer } from '../common/prepared-span.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { cleanUpAfterEach, closeLater, receiver } from '../sdk/testing/fixture.ts';
import { comparable, scenario } from '../sdk/testing/wrapper-scenario.ts';
import { LightSpan } from './light-span.ts';
import { LightTracer } from './light-tracer.ts';
import { MqtraceSpanProcessor } from './mqtrace-span-processor.ts';

cleanUpAfterEach();

type Config = NonNullable<ConstructorParameters<typeof NodeTracerProvider>[0]>;

/** The last id of the application's generator. */
let ids = 0;

async function play(config: Config, lightSpans: boolean): Promise<Record<string, unknown>> {
  // The same ids, because a sampler decides by them.
  let state = 1;
  vi.spyOn(Math, 'random').mockImplementation(() => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647);
  ids = 0;
  const collector = await receiver();
  const processor = new MqtraceSpanProcessor({ endpoint: collector.url, lightSpans });
  const resource = resourceFromAttributes({ 'service.name': 'shop' });
  const provider = new NodeTracerProvider({ resource, ...config, spanProcessors: [processor] });
  provider.register();
  closeLater({ close: () => provider.shutdown() });
  const own = provider.getTracer('shop');
  const span = (name: string, fn: () => unknown): unknown =>
    own.startActiveSpan(name, (started) => {
      const result = fn();
      started.end();
      return result;
    });
  let light = 0;
  const seen = (each: Span | undefined): void => void (each instanceof LightSpan && light++);
  const wire = await scenario({ provider, span }, true, seen);
  await provider.shutdown();
  const [{ ended, exported, dropped } = expect.unreachable()] = processor.stats();
  return { spans: comparable(collector.spans), wire, stats: { ended, exported, dropped }, light: light > 0 };
}

const half: Sampler = {
  shouldSample: (_context, _traceId, name, _kind, attributes, links) => {
    attributes['sampler.links'] = links.length;
    const tags = { 'sampler.name': 'own', 'sampler.list': ['a', 'b'] };
    const { NOT_RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
    return { decision: name.startsWith('create') ? NOT_RECORD : RECORD_AND_SAMPLED, attributes: tags };
  },
  toString: () => 'half',
};
const counter = {
  generateTraceId: () => (++ids).toString(16).padStart(32, '0'),
  generateSpanId: () => (++ids).toString(16).padStart(16, '0'),
};

test.each<[string, Config]>([
  ['the default sampler', {}],
  ['a parent-based ratio', { sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) }) }],
  ['a sampler of the application', { sampler: half }],
  ['span limits', { spanLimits: { attributeCountLimit: 9, eventCountLimit: 1, linkCountLimit: 2 } }],
  ['an id generator of the application', { idGenerator: counter }],
])('light spans of a provider with %s are equal to those of the SDK', async (_, config) => {
  const { light: noLight, ...without } = await play(config, false);
  const { light, ...withLight } = await play(config, true);
  expect([noLight, light]).toEqual([false, true]);
  expect(withLight).toEqual(without);
  expect((without['spans'] as unknown[]).length).toBeGreaterThan(3);
});

const offered = (tracer: Tracer): boolean => preparedTracer(tracer) instanceof LightTracer;
const other = {
  onStart: () => {},
  onEnd: () => {},
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

test.each<[string, (tracer: Tracer) => void, Config, RegExp]>([
  ['a second span processor', () => {}, { spanProcessors: [other] }, /because it has other span processors/],
  ['a meter provider', () => {}, { meterProvider: new MeterProvider() }, /because it has a meter provider/],
  ['invalid limits', () => {}, { spanLimits: { attributeValueLengthLimit: 0 } }, /because its span limits are invalid/],
  ['a replaced method', (tracer) => (tracer.startSpan = tracer.startSpan.bind(tracer)), {}, /or it was modified/],
  [
    'a subclass',
    (tracer) => Object.setPrototypeOf(tracer, Object.create(Object.getPrototypeOf(tracer))),
    {},
    /modified/,
  ],
])("without certainty the spans are the SDK's, and a warning says why: %s", (_, change, config, reason) => {
  const lines = collectDiag();
  const processor = new MqtraceSpanProcessor({ protocol: 'none', lightSpans: true });
  const { spanProcessors = [] } = config;
  const provider = new NodeTracerProvider({ ...config, spanProcessors: [processor, ...spanProcessors] });
  closeLater({ close: () => provider.shutdown() });
  const tracer = provider.getTracer('mqtrace');
  change(tracer);
  expect(offered(tracer)).toBe(false);
  expect(offered(tracer)).toBe(false);
  expect(lines.filter((line) => reason.test(line))).toHaveLength(1);
  expect(lines).toHaveLength(1);
});

test('a patched class is not recognized', () => {
  collectDiag();
  const provider = new NodeTracerProvider({
    spanProcessors: [new MqtraceSpanProcessor({ protocol: 'none', lightSpans: true })],
  });
  closeLater({ close: () => provider.shutdown() });
  const spans = Object.getPrototypeOf(provider.getTracer('any').startSpan('any')) as { setStatus: unknown };
  const { setStatus } = spans;
  spans.setStatus = function patched() {};
  try {
    expect(offered(provider.getTracer('mqtrace'))).toBe(false);
  } finally {
    spans.setStatus = setStatus;
  }
  expect(offered(provider.getTracer('mqtrace', 'another version'))).toBe(true);
});

test('light spans are off by default', () => {
  const lines = collectDiag();
  const provider = new NodeTracerProvider({ spanProcessors: [new MqtraceSpanProcessor({ protocol: 'none' })] });
  closeLater({ close: () => provider.shutdown() });
  expect(offered(provider.getTracer('mqtrace'))).toBe(false);
  expect(lines).toEqual([]);
});
