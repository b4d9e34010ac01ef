// Determines the header names of a propagator, including those that its `fields()` does not list.
import type { TextMapPropagator } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';

/** The names that each field of a family implies. A `*` at the end matches every name with that prefix. */
const families: readonly { belongs: RegExp; names: readonly string[] }[] = [
  // A message has one of the B3 encodings: remaining headers of the other one would be read by the next hop. If both are
  // configured, `b3` precedes or follows the others.
  { belongs: /^(?:b3|x-b3-.*)$/, names: ['b3', 'x-b3-*', 'b3'] },
  // Jaeger and OpenTracing write one header per baggage entry.
  { belongs: /^uber-trace-id$/, names: ['uber-trace-id', 'uberctx-*'] },
  { belongs: /^ot-tracer-.*$/, names: ['ot-tracer-*', 'ot-baggage-*'] },
  { belongs: /^x-datadog-.*$/, names: ['x-datadog-*'] },
];
const mayBelong = /^(?:b3$|x-b3-|uber-trace-id$|ot-tracer-|x-datadog-)/i;

/**
 * The names of the headers to remove before a propagator writes, in the order in which it writes them. A propagator whose `fields()`
 * fails has none. @internal
 */
export function propagatorFields(propagator: TextMapPropagator): readonly string[] {
  try {
    const fields: unknown = answered(propagator.fields());
    if (!Array.isArray(fields) || !fields.every((field) => typeof field === 'string')) {
      throw new TypeError('fields() of the propagator did not return an array of names');
    }
    return fields.some((field) => mayBelong.test(field)) ? withFamilies(fields) : fields;
  } catch (error) {
    reportFault('reading the fields of a propagator', error);
    return [];
  }
}

function withFamilies(fields: readonly string[]): string[] {
  let all: string[] = [];
  for (const field of fields) {
    const name = field.toLowerCase();
    const names = families.find(({ belongs }) => belongs.test(name))?.names ?? [field];
    // A family is listed once, at the position of the last of its fields.
    all = [...all.filter((earlier) => !names.includes(earlier)), ...names];
  }
  return all;
}
