// Runs whole scenarios through the wrappers with and without light spans: exported spans and counters are the same.
import type { Span } from '@opentelemetry/api';
import { SamplingDecision, type ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import { startTracing, type StartTracingOptions } from './index.ts';
import { LightSpan } from '../export/light-span.ts';
import { cleanUpAfterEach, closeLater, receiver } from './testing/fixture.ts';
import { comparable, scenario } from './testing/wrapper-scenario.ts';

cleanUpAfterEach();

interface Seen {
  readonly spans: unknown[];
  readonly stats: unknown;
  /** The headers of all messages sent, with the same ids as in any other run. */
  readonly wire: unknown[];
  readonly lightSpans: number;
}

async function play(options: StartTracingOptions, lightSpans: boolean, destinations: number): Promise<Seen> {
  // The same ids, because a limit selects traces by their ids.
  let state = 1;
  vi.spyOn(Math, 'random').mockImplementation(() => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647);
  const collectors = await Promise.all(Array.from({ length: destinations }, () => receiver()));
  const endpoints = collectors.map(({ url }) => ({ endpoint: url }));
  const target = destinations === 1 ? endpoints[0]! : { destinations: endpoints };
  const given = {
    serviceName: 'shop',
    environment: 'ignore',
    export: target,
    fastPath: lightSpans,
    ...options,
  } as const;
  const tracing = startTracing(given);
  closeLater({ close: () => tracing.shutdown() });
  let light = 0;
  const wire = await scenario(tracing, lightSpans, (span) => {
    if (span instanceof LightSpan) light++;
  });
  await tracing.shutdown();
  const { destinations: all, ...counts } = tracing.stats();
  const stats = {
    ...counts,
    destinations: all.map(({ ended, exported, dropped, queued, held }) => ({ ended, exported, dropped, queued, held })),
  };
  return { spans: collectors.map(({ spans }) => comparable(spans)), stats, wire, lightSpans: light };
}

const foreign = {
  shouldSample: (_context: unknown, _traceId: string, name: string) => ({
    decision: name.startsWith('create') ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
    attributes: { 'sampler.name': 'own', 'sampler.list': ['a', 'b'] },
  }),
  toString: () => 'foreign',
};
/** Reads everything, and modifies what can be modified. */
const keepWhen = (span: ReadableSpan): boolean => {
  const { kind, name, status, attributes, links, events, duration, ended, resource, instrumentationScope } = span;
  const read = [kind, name, status.code, duration[0] >= 0, ended, links.length, resource.attributes['service.name']];
  attributes['seen.end'] = JSON.stringify([
    ...read,
    instrumentationScope.name,
    events.length,
    Object.keys(attributes).toSorted(),
  ]);
  delete attributes['messaging.system'];
  events.push({ name: 'seen', time: span.endTime });
  return name.startsWith('process');
};
const processor = {
  onStart: (span: Span) => void span.setAttribute('seen.start', true),
  onEnd: (span: ReadableSpan) => void (span.attributes['seen.end'] = true),
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

test.each<[string, StartTracingOptions, { light: boolean; destinations?: number }]>([
  ['by default', {}, { light: true }],
  ['with keepErrors', { sampling: { sampler: { ratio: 0 }, keepErrors: true } }, { light: true }],
  ['with errorBoost', { sampling: { errorBoost: { base: 1, max: 1 } } }, { light: true }],
  ['with a limit on traces', { sampling: { maxTracesPerSecond: 1000 } }, { light: true }],
  ['with openSpans()', { trackOpenSpans: true }, { light: true }],
  ['with limits', { spanLimits: { eventCountLimit: 1, linkCountLimit: 2 } }, { light: true }],
  ['with a sampler of the application', { sampling: { sampler: foreign } }, { light: true }],
  ['with two destinations', {}, { light: true, destinations: 2 }],
  ['with keepWhen', { sampling: { sampler: { ratio: 0.5 }, keepWhen } }, { light: true }],
  // Gets spans of the SDK.
  ['with a processor of the application', { spanProcessors: [processor] }, { light: false }],
])('%s', async (_, options, { light, destinations = 1 }) => {
  const without = await play(options, false, destinations);
  const withLight = await play(options, true, destinations);
  expect(without.lightSpans).toBe(0);
  expect(withLight.lightSpans > 0).toBe(light);
  expect(withLight.stats).toEqual(without.stats);
  expect(withLight.spans).toEqual(without.spans);
  expect(withLight.wire).toEqual(without.wire);
  expect((without.spans[0] as unknown[]).length).toBeGreaterThan(3);
});
