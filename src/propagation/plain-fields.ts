// Finds the trace fields of common stream entries by a fast path.
import { mqtracePropagator } from './propagator.ts';

const traceNames: ReadonlySet<string> = new Set(mqtracePropagator.fields());

/** Longer entries are not read completely by the slow path either. */
const longestEntry = 1000;

/** The trace fields of a stream entry. @internal */
export class PlainFields {
  traceparent: unknown = undefined;
  tracestate: unknown = undefined;
  baggage: unknown = undefined;
  /** The start of the run at the end of the entry; the length of the fields if there is none. */
  start = 0;

  /**
   * Finds the trace fields of an entry. Returns false for an unusual entry. Names and values alternate; all values of a repeated
   * list header are used, so every name is checked.
   */
  find(fields: unknown): fields is readonly unknown[] {
    this.traceparent = undefined;
    this.tracestate = undefined;
    this.baggage = undefined;
    if (!Array.isArray(fields) || fields.length % 2 === 1 || fields.length > longestEntry) return false;
    let traceparentAt = -1;
    let tracestateAt = -1;
    let baggageAt = -1;
    for (let at = 0; at < fields.length; at += 2) {
      let name: unknown = fields[at];
      if (typeof name !== 'string' && !(name instanceof Buffer)) return false;
      // Only names of these lengths can be one of the three, in any spelling.
      const { length } = name;
      if (length !== 7 && length !== 10 && length !== 11) continue;
      if (typeof name !== 'string') name = name.toString('latin1');
      if (name === 'traceparent' && traceparentAt < 0) traceparentAt = at;
      else if (name === 'tracestate' && tracestateAt < 0) tracestateAt = at;
      else if (name === 'baggage' && baggageAt < 0) baggageAt = at;
      else if (traceNames.has((name as string).toLowerCase())) return false;
    }
    if (traceparentAt >= 0) this.traceparent = fields[traceparentAt + 1];
    if (tracestateAt >= 0) this.tracestate = fields[tracestateAt + 1];
    if (baggageAt >= 0) this.baggage = fields[baggageAt + 1];
    this.start = before(traceparentAt, before(tracestateAt, before(baggageAt, fields.length)));
    return true;
  }
}

/** The start of a run that this field continues, if it is adjacent. */
function before(at: number, start: number): number {
  return at >= 0 && at === start - 2 ? at : start;
}
