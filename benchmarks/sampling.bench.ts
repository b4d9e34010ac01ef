/**
 * Measures the cost of a sampling decision, and checks it: mqtrace compared with the SDK's TraceIdRatioBasedSampler
 * and @opentelemetry/sampler-composite. `npm run bench:sampling`. Samplers run in turns, so that a busy machine slows
 * all of them.
 */
import { randomBytes } from 'node:crypto';
import { createTraceState, ROOT_CONTEXT, SpanKind, trace, type Context } from '@opentelemetry/api';
import {
  createComposableParentThresholdSampler,
  createComposableProbabilitySampler,
  createCompositeSampler,
} from '@opentelemetry/sampler-composite';
import {
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
  type SamplingResult,
} from '@opentelemetry/sdk-trace';
import { StartedSpans } from '../src/export/started-spans.ts';
import { countingSampler } from '../src/sdk/counting-sampler.ts';
import { allOf, createSampling, parentBased, perSecond, ratio } from '../src/sdk/index.ts';
import { referenceKeeps, referenceThreshold } from '../src/sampling/testing/otep-235.ts';

const p = 0.1;
const rounds = 60;
const callsPerRound = 20_000;

const plain: Record<string, Sampler> = {
  'mqtrace ratio': ratio(p),
  'SDK TraceIdRatioBased': new TraceIdRatioBasedSampler(p),
  'Composite(Probability)': createCompositeSampler(createComposableProbabilitySampler(p)),
};
const following: Record<string, Sampler> = {
  'mqtrace parentBased(ratio)': parentBased(ratio(p)),
  'the same within startTracing': countingSampler(createSampling({ sampler: ratio(p) }).sampler, new StartedSpans()),
  'SDK ParentBased(TraceIdRatioBased)': new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(p) }),
  'Composite(ParentThreshold(Probability))': createCompositeSampler(
    createComposableParentThresholdSampler(createComposableProbabilitySampler(p)),
  ),
};
const rated: Record<string, Sampler> = {
  'mqtrace perSecond': perSecond(1000),
  'mqtrace parentBased(allOf(ratio, perSecond))': parentBased(allOf(ratio(p), perSecond(1000))),
};

function decide(sampler: Sampler, context: Context, traceId: string): number {
  return sampler.shouldSample(context, traceId, 'process orders', SpanKind.CONSUMER, {}, []).decision;
}

const nothing: SamplingResult = { decision: SamplingDecision.NOT_RECORD };
/** Decides nothing, to measure the cost of the loop itself. */
const loop: Sampler = { shouldSample: () => nothing, toString: () => 'loop' };

/** Nanoseconds per call, without the loop, in the fastest of all rounds: other load can only add time. */
function measure(
  samplers: Record<string, Sampler>,
  context: (traceId: string) => Context,
  traceIds: string[],
): Record<string, number> {
  const cases = traceIds.map((traceId) => ({ traceId, context: context(traceId) }));
  const times: Record<string, number[]> = Object.fromEntries(
    ['loop', ...Object.keys(samplers)].map((name) => [name, []]),
  );
  let sum = 0;
  for (let round = -3; round < rounds; round++) {
    for (const [name, sampler] of Object.entries({ loop, ...samplers })) {
      const start = process.hrtime.bigint();
      for (let call = 0; call < callsPerRound; call++) {
        const { traceId, context: parent } = cases[call % cases.length] as (typeof cases)[number];
        sum += decide(sampler, parent, traceId);
      }
      const time = Number(process.hrtime.bigint() - start) / callsPerRound;
      if (round >= 0) times[name]?.push(time);
    }
  }
  if (sum < 0) throw new Error('unreachable: keeps the calls from being optimised away');
  const fastest = (name: string): number => Math.min(...(times[name] ?? []));
  return Object.fromEntries(Object.keys(samplers).map((name) => [name, fastest(name) - fastest('loop')]));
}

function print(title: string, results: Record<string, number>): void {
  const [ours = NaN] = Object.values(results);
  console.log(`\n${title}`);
  for (const [name, ns] of Object.entries(results)) {
    const ratioText = ns === ours ? '' : `  mqtrace takes ${(ours / ns).toFixed(3)} of it`;
    console.log(`  ${name.padEnd(42)}${ns.toFixed(1).padStart(8)} ns${ratioText}`);
  }
}

const traceIds = Array.from({ length: 50_000 }, () => randomBytes(16).toString('hex'));
const root = (): Context => ROOT_CONTEXT;
const remote = (traceFlags: number, state?: string) => (traceId: string) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: 'b7ad6b7169203331',
    traceFlags,
    isRemote: true,
    ...(state && { traceState: createTraceState(state) }),
  });
/** Trace ids on which all agree, so that each sampler does the same work. */
const agreed = (samplers: Record<string, Sampler>, decision: number): string[] =>
  traceIds
    .filter((id) => Object.values(samplers).every((sampler) => decide(sampler, ROOT_CONTEXT, id) === decision))
    .slice(0, 1024);

console.log(`Node ${process.version}, ratio ${p}, the fastest of ${rounds} rounds of ${callsPerRound} calls`);
print('root, no', measure(plain, root, agreed(plain, 0)));
print('root, no, below parentBased', measure(following, root, agreed(following, 0)));
print('root, yes', measure(plain, root, agreed(plain, 2)));
print('root, yes, below parentBased', measure(following, root, agreed(following, 2)));
print('remote parent unsampled', measure(following, remote(0), traceIds.slice(0, 1024)));
print('remote parent sampled, th that agrees', measure(following, remote(1, 'ot=th:0'), traceIds.slice(0, 1024)));
print('root, yes and no, samplers without a counterpart', measure(rated, root, traceIds.slice(0, 1024)));

console.log(`\nroot decisions that agree with OTEP 235, of ${traceIds.length} trace ids`);
const th = referenceThreshold(p);
for (const [name, sampler] of Object.entries(plain)) {
  const right = traceIds.filter((id) => (decide(sampler, ROOT_CONTEXT, id) === 2) === referenceKeeps(id, th)).length;
  console.log(`  ${name.padEnd(42)}${((100 * right) / traceIds.length).toFixed(2).padStart(8)} %`);
}
console.log('\nan untrusted sender sends th:0 with flag 00: is it unsampled, and is th not passed on?');
for (const [name, sampler] of Object.entries(following)) {
  const traceId = traceIds[0] ?? '';
  const context = remote(0, 'ot=th:0')(traceId);
  const { decision, traceState } = sampler.shouldSample(context, traceId, 'process orders', SpanKind.CONSUMER, {}, []);
  const state = traceState ?? trace.getSpanContext(context)?.traceState;
  const passed = state?.get('ot') === undefined ? 'nothing' : `ot=${state.get('ot')}`;
  console.log(`  ${name.padEnd(42)}${(decision as number) === 2 ? 'sampled' : 'not sampled'}, passes on ${passed}`);
}
