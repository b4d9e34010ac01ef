// Setup file of every test: checks each span of mqtrace against the conventions when it ends, and each metric when it is collected,
// for every provider of the SDK.
import type { Attributes, Tracer } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach } from 'vitest';
import { LightSpan } from '../../src/export/light-span.ts';
import { LightTracer } from '../../src/export/light-tracer.ts';
import { type CheckedMetric, checkMetric } from './check-metric.ts';
import { checkSpan } from './check-span.ts';

const problems = new Set<string>();
let tolerated: RegExp | undefined;

/** Problems that the current test causes intentionally. */
export function tolerateProblems(pattern: RegExp): void {
  tolerated = pattern;
}

const startAttributes = new WeakMap<object, Attributes>();

type Tracers = Pick<Tracer, 'startSpan'>;
interface Spans {
  end(this: ReadableSpan, time?: unknown): void;
}

function watch(tracersOf: Tracers, spansOf: Spans): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with `this` below
  const { startSpan } = tracersOf;
  const watchedStartSpan: Tracers['startSpan'] = function (this: Tracer, name, options, context) {
    const span = startSpan.call(this, name, options, context);
    startAttributes.set(span, { ...options?.attributes });
    return span;
  };
  tracersOf.startSpan = named('startSpan', watchedStartSpan);

  // oxlint-disable-next-line typescript/unbound-method -- called with `this` below
  const { end } = spansOf;
  spansOf.end = named('end', function (this: ReadableSpan, time?: unknown): void {
    const first = !this.ended;
    end.call(this, time);
    if (first) checkEnded(this);
  });
}

function checkEnded(span: ReadableSpan): void {
  // A span with a method that a test broke cannot follow the conventions.
  if (span.instrumentationScope.name !== 'mqtrace' || Object.hasOwn(span, 'setStatus')) return;
  const { name, kind, attributes, links, events, status } = span;
  const seen = { name, kind, attributes, links, events, status, startAttributes: startAttributes.get(span) };
  for (const problem of checkSpan(seen)) problems.add(problem);
}

/** Names a method as the one that it replaces: the tracers of an SDK with patched methods create no light spans. */
function named<F>(value: string, method: F): F {
  return Object.defineProperty(method, 'name', { value });
}

const tracer = new BasicTracerProvider().getTracer('watch');
watch(Object.getPrototypeOf(tracer) as Tracers, Object.getPrototypeOf(tracer.startSpan('watch')) as Spans);
watch(LightTracer.prototype, LightSpan.prototype);

// oxlint-disable-next-line typescript/unbound-method -- called with `this` below
const { repeat } = LightSpan.prototype;
LightSpan.prototype.repeat = function watchedRepeat(this: LightSpan, ...given): void {
  repeat.apply(this, given);
  checkEnded(this);
};

const readers = MetricReader.prototype;
// oxlint-disable-next-line typescript/unbound-method -- called with `this` below
const { collect } = readers;
readers.collect = async function watchedCollect(this: MetricReader, options) {
  const collected = await collect.call(this, options);
  for (const { scope, metrics } of collected.resourceMetrics.scopeMetrics) {
    if (scope.name !== 'mqtrace') continue;
    // The descriptor has the instrument's type, although its declaration does not.
    for (const metric of metrics as unknown as CheckedMetric[])
      for (const problem of checkMetric(metric)) problems.add(problem);
  }
  return collected;
};

afterEach(() => {
  const found = [...problems].filter((problem) => tolerated?.test(problem) !== true);
  problems.clear();
  tolerated = undefined;
  if (found.length > 0) throw new Error(`what does not follow the conventions:\n${found.join('\n')}`);
});
