// Looks up the series for a set of attributes, and adds values to it. A lookup is made once; adding allocates nothing.
import type { Attributes } from '@opentelemetry/api';
import { type Definition, type Forwarder, type Instrument, type Series, state } from './instruments.ts';

/** The attribute value of series over the limit. */
const other = '_OTHER';

/** The attributes that series over the limit keep: their values are defined by this package. */
const kept: ReadonlySet<string> = new Set([
  'messaging.system.name',
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
]);

/** The positions of a histogram's numbers. @internal */
export const histogram = { sum: 0, min: 1, max: 2, buckets: 3 } as const;

/**
 * Changes each time that counting starts, and is 0 without a reader: then nothing must be computed. Series that were looked up in
 * another epoch are no longer counted.
 *
 * @internal
 */
export function metricsEpoch(): number {
  return state.epoch;
}

/**
 * The series of an instrument for these attributes, in any order. At the limit of an instrument it is the one in
 * which destination, group, server and error are `_OTHER`.
 *
 * @internal
 */
export function seriesFor(definition: Definition, attributes: Attributes): Series {
  const instrument = instrumentOf(definition);
  const { series } = instrument;
  const key = keyOf(attributes);
  const known = series.get(key);
  if (known !== undefined) return known;
  const { maxSeries } = state;
  // There is always room for the combined series: one for each operation, or at least one for all.
  const reserved = Math.ceil(maxSeries / 20);
  if (series.size - instrument.others < maxSeries - reserved) return add(instrument, key, { ...attributes });

  const collapsed = collapse(attributes, kept);
  const found = series.get(keyOf(collapsed));
  if (found !== undefined) return found;
  const last = instrument.others >= reserved - 1 ? collapse(attributes, new Set()) : collapsed;
  const lastKey = keyOf(last);
  const lastFound = series.get(lastKey);
  if (lastFound !== undefined) return lastFound;
  instrument.others++;
  return add(instrument, lastKey, last);
}

/** Adds to a counter. @internal */
export function addTo(series: Series, value: number): void {
  series.data[0]! += value;
}

/** Adds a value to a histogram. @internal */
export function recordIn(series: Series, boundaries: readonly number[], value: number): void {
  given[0] = value;
  recordFrom(series, boundaries, given);
}

const given = new Float64Array(1);

/** As {@link recordIn}, for the first number of a typed array: one that is passed alone may be allocated. @internal */
export function recordFrom(series: Series, boundaries: readonly number[], values: Float64Array): void {
  const { data } = series;
  const value = values[0]!;
  data[histogram.sum]! += value;
  if (value < data[histogram.min]!) data[histogram.min] = value;
  if (value > data[histogram.max]!) data[histogram.max] = value;
  let bucket = 0;
  while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++;
  data[histogram.buckets + bucket]!++;
  if (series.forward !== undefined) series.forward(value);
}

/**
 * Also records the values of all histograms elsewhere, until the returned function is called.
 *
 * @internal
 */
export function forwardHistograms(forwarder: Forwarder | undefined): () => void {
  state.forwarder = forwarder;
  for (const { name, kind, series } of state.instruments.values()) {
    if (kind !== 'histogram') continue;
    for (const each of series.values()) each.forward = forwarder?.(name, each.attributes);
  }
  return () => void forwardHistograms(undefined);
}

function instrumentOf(definition: Definition): Instrument {
  const known = state.instruments.get(definition.name);
  if (known !== undefined) return known;
  const { name, kind, unit, description, boundaries } = definition;
  const instrument: Instrument = {
    name,
    kind,
    unit,
    description,
    ...(boundaries && { boundaries }),
    series: new Map(),
    others: 0,
  };
  state.instruments.set(definition.name, instrument);
  return instrument;
}

function add({ name, kind, boundaries = [], series }: Instrument, key: string, attributes: Attributes): Series {
  const data = new Float64Array(kind === 'histogram' ? histogram.buckets + boundaries.length + 1 : 1);
  if (kind === 'histogram') {
    data[histogram.min] = Infinity;
    data[histogram.max] = -Infinity;
  }
  const forward = kind === 'histogram' ? state.forwarder?.(name, attributes) : undefined;
  const added: Series = { attributes, startMs: Date.now(), data, forward };
  series.set(key, added);
  return added;
}

function keyOf(attributes: Attributes): string {
  return JSON.stringify(Object.entries(attributes).toSorted(([one], [two]) => (one < two ? -1 : 1)));
}

function collapse(attributes: Attributes, keep: ReadonlySet<string>): Attributes {
  return Object.fromEntries(
    Object.entries(attributes)
      // The port is omitted with the address, because it is a number and cannot be `_OTHER`.
      .filter(([name]) => name !== 'server.port')
      .map(([name, value]) => [name, keep.has(name) ? value : other]),
  );
}
