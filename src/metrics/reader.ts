// Reads all series for one receiver, and tracks what it has read.
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { type Instrument, type Series, state } from './instruments.ts';
import { histogram } from './series.ts';

/** Whether a collection contains the counts since the start or since the previous collection. */
export type Temporality = 'cumulative' | 'delta';

/** One series of a metric at one time, in the form of OpenTelemetry's SDK. */
export interface MetricPoint<Value> {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly attributes: Attributes;
  readonly value: Value;
}

/** The value of one series of a histogram. */
export interface HistogramValue {
  readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
  readonly count: number;
  readonly sum: number;
  /** Absent with delta temporality: the overall minimum is not that of the interval. */
  readonly min?: number;
  readonly max?: number;
}

interface MetricBase {
  readonly descriptor: {
    readonly name: string;
    readonly description: string;
    readonly unit: string;
    readonly valueType: ValueType;
    readonly advice: { readonly explicitBucketBoundaries?: number[] };
    /** Used by SDKs before 2.0. */
    readonly type: 'COUNTER' | 'UP_DOWN_COUNTER' | 'HISTOGRAM' | 'GAUGE';
  };
  /** 0 is delta, 1 cumulative, as in OpenTelemetry's SDK. */
  readonly aggregationTemporality: 0 | 1;
}

/** A histogram in the form of OpenTelemetry's SDK. */
export interface HistogramMetric extends MetricBase {
  readonly dataPointType: 0;
  readonly dataPoints: MetricPoint<HistogramValue>[];
}

/** A counter in the form of OpenTelemetry's SDK. */
export interface SumMetric extends MetricBase {
  readonly dataPointType: 3;
  readonly isMonotonic: boolean;
  readonly dataPoints: MetricPoint<number>[];
}

/** A level, in the form of OpenTelemetry's SDK. */
export interface GaugeMetric extends MetricBase {
  readonly dataPointType: 2;
  readonly dataPoints: MetricPoint<number>[];
}

/** A metric in the form of `MetricData` of OpenTelemetry's SDK. */
export type CollectedMetric = HistogramMetric | SumMetric | GaugeMetric;

/** A collection; it counts as read once it is committed. @internal */
export interface Collection {
  readonly metrics: CollectedMetric[];
  /** With delta temporality the next collection starts here. Without a commit, the next one includes this one. */
  readonly commit: () => void;
}

/**
 * One reader of all metrics, which tracks what it has read. Metrics are counted while there is a reader.
 *
 * @internal
 */
export class MetricsReader {
  readonly #delta: boolean;
  /** The counts at the last read; only for delta temporality. */
  #read = new Map<Series, Float64Array>();
  #readMs: number = Date.now();
  #open = true;

  readonly #isMeter: boolean;

  /** @param kind - `'meter'` for instruments of the metrics API, which report nothing if there are other readers. */
  constructor(temporality: Temporality, maxSeries?: number, kind?: 'meter') {
    this.#isMeter = kind === 'meter';
    if (this.#isMeter) state.meters++;
    this.#delta = temporality === 'delta';
    if (state.readers++ === 0) startCounting();
    if (maxSeries !== undefined) state.maxSeries = maxSeries;
    if (this.#delta) this.#read = snapshot();
  }

  /** Collects the current counts. Never throws. */
  collect(): Collection {
    const nowMs = Math.max(Date.now(), this.#readMs);
    const metrics: CollectedMetric[] = [];
    const taken = this.#delta ? snapshot() : undefined;
    for (const instrument of state.instruments.values()) {
      const metric = this.#metric(instrument, nowMs);
      if (metric.dataPoints.length > 0) metrics.push(metric);
    }
    return {
      metrics,
      commit: () => {
        if (taken === undefined) return;
        this.#read = taken;
        this.#readMs = nowMs;
      },
    };
  }

  /** A total of all counts, which changes with any change of a metric. */
  get counted(): number {
    let total = 0;
    for (const { kind, series } of state.instruments.values()) {
      if (kind === 'gauge') continue;
      for (const { data } of series.values()) {
        for (let at = kind === 'histogram' ? histogram.buckets : 0; at < data.length; at++) total += data[at]!;
      }
    }
    return total;
  }

  /** Without a reader, nothing is counted. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#read.clear();
    if (this.#isMeter) state.meters--;
    if (--state.readers === 0) state.epoch = 0;
  }

  #metric(instrument: Instrument, nowMs: number): CollectedMetric {
    if (instrument.kind === 'histogram') return this.#histogram(instrument, nowMs);
    return instrument.kind === 'gauge' ? gauge(instrument, nowMs) : this.#sum(instrument, nowMs);
  }

  #histogram(instrument: Instrument, nowMs: number): HistogramMetric {
    const boundaries = [...(instrument.boundaries ?? [])];
    const dataPoints: MetricPoint<HistogramValue>[] = [];
    for (const series of instrument.series.values()) {
      const { data } = series;
      const before = this.#read.get(series);
      const since = (at: number): number => data[at]! - (before?.[at] ?? 0);
      const counts = Array.from({ length: boundaries.length + 1 }, (_, bucket) => since(histogram.buckets + bucket));
      const count = counts.reduce((sum, one) => sum + one, 0);
      if (count === 0) continue;
      const extremes = this.#delta ? undefined : { min: data[histogram.min]!, max: data[histogram.max]! };
      const value = { buckets: { boundaries, counts }, count, sum: since(histogram.sum), ...extremes };
      dataPoints.push(pointOf(series, this.#startMs(series, this.#delta), nowMs, value));
    }
    return { ...describe(instrument), aggregationTemporality: this.#delta ? 0 : 1, dataPointType: 0, dataPoints };
  }

  #sum(instrument: Instrument, nowMs: number): SumMetric {
    const isMonotonic = instrument.kind === 'counter';
    // The value of an up-down counter is always cumulative, because its changes alone do not show the value.
    const delta = this.#delta && isMonotonic;
    const dataPoints: MetricPoint<number>[] = [];
    for (const series of instrument.series.values()) {
      const value = series.data[0]! - (delta ? (this.#read.get(series)?.[0] ?? 0) : 0);
      if (isMonotonic && value === 0) continue;
      dataPoints.push(pointOf(series, this.#startMs(series, delta), nowMs, value));
    }
    return {
      ...describe(instrument),
      aggregationTemporality: delta ? 0 : 1,
      dataPointType: 3,
      isMonotonic,
      dataPoints,
    };
  }

  #startMs(series: Series, delta: boolean): number {
    return delta ? this.#readMs : series.startMs;
  }
}

function gauge(instrument: Instrument, nowMs: number): GaugeMetric {
  const dataPoints = Array.from(instrument.series.values(), (series) =>
    pointOf(series, series.startMs, nowMs, series.data[0]!),
  );
  return { ...describe(instrument), aggregationTemporality: 1, dataPointType: 2, dataPoints };
}

function pointOf<Value>(series: Series, startMs: number, nowMs: number, value: Value): MetricPoint<Value> {
  return {
    startTime: timeOf(startMs),
    endTime: timeOf(Math.max(nowMs, startMs)),
    attributes: series.attributes,
    value,
  };
}

function startCounting(): void {
  // Counts from before have a gap: continuing them would make cumulative numbers wrong.
  state.instruments.clear();
  state.epoch = ++state.epochs;
}

function snapshot(): Map<Series, Float64Array> {
  const read = new Map<Series, Float64Array>();
  for (const { series } of state.instruments.values()) {
    for (const each of series.values()) read.set(each, each.data.slice());
  }
  return read;
}

const types = {
  counter: 'COUNTER',
  up_down_counter: 'UP_DOWN_COUNTER',
  histogram: 'HISTOGRAM',
  gauge: 'GAUGE',
} as const;

function describe({ name, description, unit, kind, boundaries }: Instrument): Pick<MetricBase, 'descriptor'> {
  return {
    descriptor: {
      name,
      description,
      unit,
      type: types[kind],
      valueType: kind === 'histogram' ? ValueType.DOUBLE : ValueType.INT,
      advice: boundaries === undefined ? {} : { explicitBucketBoundaries: [...boundaries] },
    },
  };
}

function timeOf(ms: number): HrTime {
  return [Math.floor(ms / 1000), (ms % 1000) * 1_000_000];
}
