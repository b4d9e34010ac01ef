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
import { refusesBelowUnsampled } from './stock-sampler.ts';

const root = new AlwaysOnSampler();

test.each<[string, TracerProvider]>([
  ['the default', new NodeTracerProvider()],
  ['the base provider', new BasicTracerProvider()],
  ['a ratio', new NodeTracerProvider({ sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.1) }) })],
])('%s refuses what is below an unsampled parent', (_what, provider) => {
  expect(refusesBelowUnsampled(provider)).toBe(true);
});

const asking: Sampler = {
  shouldSample: () => ({ decision: SamplingDecision.NOT_RECORD }),
  toString: () => 'ParentBased{}',
};

test.each<[string, TracerProvider]>([
  ['a sampler that is not parent-based', new NodeTracerProvider({ sampler: root })],
  [
    'a sampler that records all the same',
    new NodeTracerProvider({ sampler: new ParentBasedSampler({ root, remoteParentNotSampled: root }) }),
  ],
  [
    'one that does so for local parents',
    new NodeTracerProvider({ sampler: new ParentBasedSampler({ root, localParentNotSampled: root }) }),
  ],
  ['a sampler of the application', new NodeTracerProvider({ sampler: asking })],
  [
    'a sampler with a method of its own',
    new NodeTracerProvider({
      sampler: Object.assign(new ParentBasedSampler({ root }), { shouldSample: () => ({ decision: 2 }) }),
    }),
  ],
  [
    'a part with a method of its own',
    new NodeTracerProvider({
      sampler: new ParentBasedSampler({
        root,
        remoteParentNotSampled: Object.assign(new AlwaysOffSampler(), { shouldSample: () => ({ decision: 2 }) }),
      }),
    }),
  ],
  ['a provider with a method of its own', Object.assign(new NodeTracerProvider(), { getTracer: () => ({}) as never })],
  ['a provider of another class', { getTracer: () => ({}) as never }],
  [
    'a provider that counts its spans',
    new NodeTracerProvider({
      meterProvider: new (class Meters {
        getMeter = createNoopMeter;
      })(),
    }),
  ],
])('%s is asked for each span', (_what, provider) => {
  expect(refusesBelowUnsampled(provider)).toBe(false);
});
