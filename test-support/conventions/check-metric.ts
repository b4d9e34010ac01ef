// Checks one collected metric of mqtrace against the published conventions: name, instrument, unit and attributes.
import type { Attributes } from '@opentelemetry/api';
import { checkTypes, rules } from './check-span.ts';

/** The part of a metric that is checked, as every metric reader of the SDK provides it. */
export interface CheckedMetric {
  readonly descriptor: { readonly name: string; readonly unit: string; readonly type: string };
  readonly dataPoints: readonly { readonly attributes: Attributes }[];
}

/** The messaging metrics that the conventions do not define, as in docs/metrics.md. */
const own: Readonly<Record<string, { instrument: string; unit: string; required: readonly string[] }>> = {
  'mqtrace.message.age': ownMetric('histogram', 's'),
  'mqtrace.pipeline.age': ownMetric('histogram', 's'),
  'mqtrace.message.clock_skew': ownMetric('counter', '{message}'),
  'mqtrace.messages.in_flight': ownMetric('updowncounter', '{message}'),
  'mqtrace.delivery.attempts': ownMetric('histogram', '{attempt}'),
  'mqtrace.messages.dead_lettered': ownMetric('counter', '{message}'),
  'mqtrace.messages.returned': ownMetric('counter', '{message}'),
  'mqtrace.consumer.lag': ownLevel(),
  'mqtrace.consumer.pending': ownLevel(),
};

/** Attributes with a value for each message, partition or routing key would make the number of series unbounded. */
const unbounded = /\.(?:id|key|routing_key|offset|tag|delivery_tag|conversation_id|size)$/;

function ownLevel() {
  return { instrument: 'gauge', unit: '{message}', required: ['messaging.destination.name', 'messaging.system.name'] };
}

function ownMetric(instrument: string, unit: string) {
  return { instrument, unit, required: ['messaging.operation.name', 'messaging.system.name'] };
}

/** The problems of the metric, one sentence each; empty if there are none. */
export function checkMetric({ descriptor, dataPoints }: CheckedMetric): string[] {
  const { name, unit, type } = descriptor;
  const problems: string[] = [];
  const say = (text: string): void => void problems.push(`${name}: ${text}`);
  const rule = rules.metrics[name] ?? own[name];
  if (rule === undefined && !name.startsWith('mqtrace.')) say('is in no convention and not in the mqtrace namespace');
  if (rule !== undefined) {
    if (rule.unit !== unit) say(`the unit is ${unit}, expected ${rule.unit}`);
    const instrument = type.toLowerCase().replace(/^observable_|_/g, '');
    if (instrument !== rule.instrument) say(`the instrument is ${type}, expected ${rule.instrument}`);
  }
  if (unit === '') say('has no unit');
  for (const { attributes } of dataPoints) {
    checkTypes(attributes, 'attribute', say);
    for (const each of Object.keys(attributes)) {
      if (unbounded.test(each)) say(`${each} has too many values for a metric`);
    }
    for (const required of rule?.required ?? []) if (!(required in attributes)) say(`${required} is required`);
  }
  return [...new Set(problems)];
}
