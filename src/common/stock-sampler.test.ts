import { createNoopMeter, type TracerProvider } from '@opentelemetry/api';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  NodeTracerProvider,
  ParentBasedSampler,
  SamplingDecision,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-node';
import { expect, test } from 'vitest';
import { dropsBelowUnsampled, dropsRoots } from './stock-sampler.ts';

const root = new AlwaysOnSampler();

test.each<[string, TracerProvider]>([
  ['the default', new NodeTracerProvider()],
  ['the base provider', new BasicTracerProvider()],
  ['a ratio', new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }) })],
])('%s does not sample spans below an unsampled parent', (_what, provider) => {
  expect(dropsBelowUnsampled(provider)).toBe(true);
});

const asking: Sampler = {
  shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }),
  toString: () => 'ParentBased{}',
};

test.each<[string, TracerProvider]>([
  ['a sampler that is not parent-based', new NodeTracerProvider({ sampler: root })],
  [
    'a sampler that records without sampling',
    new NodeTracerProvider({ sampler: new ParentBasedSampler({ root, remoteParentNotSampled: root }) }),
  ],
  [
    'a sampler that does so for local parents',
    new NodeTracerProvider({ sampler: new ParentBasedSampler({ root, localParentNotSampled: root }) }),
  ],
  ['a sampler of the application', new NodeTracerProvider({ sampler: asking })],
  [
    'a sampler with an overridden method',
    new NodeTracerProvider({
      sampler: Object.assign(new ParentBasedSampler({ root }), { shouldSample: () => ({ decision: 2 }) }),
    }),
  ],
  [
    'a delegate sampler with an overridden method',
    new NodeTracerProvider({
      sampler: new ParentBasedSampler({
        root,
        remoteParentNotSampled: Object.assign(new AlwaysOffSampler(), { shouldSample: () => ({ decision: 2 }) }),
      }),
    }),
  ],
  ['a provider with an overridden method', Object.assign(new NodeTracerProvider(), { getTracer: () => ({}) as never })],
  ['a provider of another class', { getTracer: () => ({}) as never }],
  [
    'a provider that counts its spans',
    new NodeTracerProvider({
      meterProvider: new (class Meters {
        getMeter = createNoopMeter;
      })(),
    }),
  ],
])('%s is called for each span', (_what, provider) => {
  expect(dropsBelowUnsampled(provider)).toBe(false);
});

const parentBased = (rootSampler: Sampler): TracerProvider =>
  new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: rootSampler }) });

test.each<[string, boolean, TracerProvider]>([
  ['the sampler that is off', true, parentBased(new AlwaysOffSampler())],
  ['a ratio of 0', true, parentBased(new TraceIdRatioBasedSampler(0))],
  ['a ratio that keeps hardly any', false, parentBased(new TraceIdRatioBasedSampler(1e-9))],
  ['the sampler that is on', false, parentBased(root)],
  ['a sampler of the application', false, parentBased(asking)],
  [
    'one with a method of its own',
    false,
    parentBased(Object.assign(new AlwaysOffSampler(), { shouldSample: () => ({ decision: 2 }) })),
  ],
  ['one that is not parent-based', false, new NodeTracerProvider({ sampler: new AlwaysOffSampler() })],
])('roots by %s are certainly dropped: %s', (_what, isDropped, provider) => {
  expect(dropsRoots(provider)).toBe(isDropped);
});
