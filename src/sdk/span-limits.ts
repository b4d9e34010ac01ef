// Selects the limits of a span, from options and variables.
import type { SpanLimits } from '@opentelemetry/sdk-trace';
import type { Environment } from '../config/environment.ts';
import type { StartTracingOptions } from './options.ts';

/**
 * The variables of each limit; the first one that is set is used. The second one in each line is read by the JavaScript SDK 1.x and
 * 2.x.
 */
const variables = {
  attributeValueLengthLimit: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
  attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT'],
  attributePerLinkCountLimit: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT', 'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT'],
} as const;

/** For the SDK a length of 0 means no limit. @internal */
export function smallestLimit(name: string): number {
  return name === 'attributeValueLengthLimit' ? 1 : 0;
}

/** Only the limits that are set; the SDK has the specification's defaults for the others. @internal */
export function chooseSpanLimits(options: StartTracingOptions, environment: Environment): SpanLimits {
  const limits: SpanLimits = {};
  for (const name of Object.keys(variables) as (keyof typeof variables)[]) {
    const set = variables[name]
      .map((variable) => environment.count(variable, smallestLimit(name)))
      .find((value) => value !== undefined);
    const limit = environment.settle(options.spanLimits?.[name], set);
    if (limit !== undefined) limits[name] = limit;
  }
  return limits;
}
