// The header names that belong to a propagator, including those that its `fields()` leaves out.
import type { TextMapPropagator } from '@opentelemetry/api';
import { answered, reportFault } from '../common/faults.ts';

/** What any field of a family stands for. A `*` at the end stands for every name that begins so. */
const families: readonly { belongs: RegExp; names: readonly string[] }[] = [
  // A message has one B3 encoding or the other: what is left of the other one would be read by the next hop. Where both are
  // configured, `b3` stands before or after the rest.
  { belongs: /^(?:b3|x-b3-.*)$/, names: ['b3', 'x-b3-*', 'b3'] },
  // Jaeger and OpenTracing write a header for each baggage entry.
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
      throw new TypeError('fields() of the propagator returned no array of names');
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
    // A family stands once, in the place of the last of its fields.
    all = [...all.filter((earlier) => !names.includes(earlier)), ...names];
  }
  return all;
}
