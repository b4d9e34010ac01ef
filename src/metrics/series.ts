// Finds the series for a set of attributes, and adds to it. Finding is for once; adding allocates nothing.
import type { Attributes } from '@opentelemetry/api';
import { type Definition, type Forwarder, type Instrument, type Series, state } from './instruments.ts';

/** Stands for what had no room. */
const other = '_OTHER';

/** The attributes by which what had no room is still told apart: their values come from this package. */
const kept: ReadonlySet<string> = new Set([
  'messaging.system.name',
  'messaging.system',
  'messaging.operation.name',
  'messaging.operation.type',
]);

/** Where a histogram's numbers lie. @internal */
export const histogram = { sum: 0, min: 1, max: 2, buckets: 3 } as const;

/**
 * Differs each time that counting starts, and is 0 while nobody reads: then nothing is to be computed. Series that were found under
 * another epoch count no more.
 *
 * @internal
 */
export function metricsEpoch(): number {
  return state.epoch;
}

/**
 * The series of an instrument for these attributes, whose order does not matter. An instrument without room for more gives one in
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
  // For those that had no room there is room in any case: for one of each operation, or at least for one of all.
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
  const { data } = series;
  data[histogram.sum]! += value;
  if (value < data[histogram.min]!) data[histogram.min] = value;
  if (value > data[histogram.max]!) data[histogram.max] = value;
  let bucket = 0;
  while (bucket < boundaries.length && value > boundaries[bucket]!) bucket++;
  data[histogram.buckets + bucket]!++;
  if (series.forward !== undefined) series.forward(value);
}

/**
 * Has the values of all histograms recorded elsewhere as well, until the function that is returned is called.
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
      // An address needs its port, which is a number and cannot be `_OTHER`.
      .filter(([name]) => name !== 'server.port')
      .map(([name, value]) => [name, keep.has(name) ? value : other]),
  );
}
