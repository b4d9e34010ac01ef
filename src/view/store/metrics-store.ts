// Stores the newest state of each metric series.
import { decodeMetrics, type MetricPoint } from '../otlp/decode-metrics.ts';

/** The newest state of one series. */
export interface Series {
  service: string;
  name: string;
  system: string;
  destination: string;
  group: string;
  errorType: string;
  partition: string;
  time: number;
  value: number;
  /** Events per second, if the source provides it. */
  rate?: number;
  histogram: { count: number; sum: number; bounds: readonly number[]; counts: number[] } | undefined;
}

const maxSeries = 5000;

/** The newest total of each messaging metric series, limited in number. */
export class MetricsStore {
  readonly #series = new Map<string, Series>();
  /** Number of points of series beyond the limit. */
  refused = 0;
  points = 0;

  /** @throws RangeError if the bytes are not an `ExportMetricsServiceRequest`. */
  add(request: Buffer): void {
    decodeMetrics(
      request,
      (name) => name.startsWith('messaging.') || name.startsWith('mqtrace.'),
      (point) => this.#add(point),
    );
  }

  /** The series of a metric. */
  of(name: string): Series[] {
    return [...this.#series.values()].filter((series) => series.name === name);
  }

  /** Replaces all series by these. */
  replace(series: readonly Series[]): void {
    this.#series.clear();
    this.points += series.length;
    this.refused += Math.max(0, series.length - maxSeries);
    for (const [at, each] of series.slice(0, maxSeries).entries()) this.#series.set(String(at), each);
  }

  get size(): number {
    return this.#series.size;
  }

  #add(point: MetricPoint): void {
    this.points++;
    const told = (...names: string[]): string => {
      const found = names.find((name) => point.attributes.has(name));
      return found === undefined ? '' : String(point.attributes.get(found));
    };
    const series: Series = {
      service: point.service,
      name: point.name,
      system: told('messaging.system.name', 'messaging.system'),
      destination: told('messaging.destination.name', 'messaging.destination'),
      group: told('messaging.consumer.group.name', 'messaging.kafka.consumer.group'),
      errorType: told('error.type'),
      partition: told('messaging.destination.partition.id'),
      time: point.time,
      value: point.value ?? 0,
      histogram: point.histogram,
    };
    const key = JSON.stringify([
      point.service,
      point.name,
      ...[...point.attributes].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ]);
    const known = this.#series.get(key);
    if (known === undefined && this.#series.size >= maxSeries) {
      this.refused++;
      return;
    }
    this.#series.set(key, known !== undefined && point.delta ? sum(known, series) : series);
  }
}

function sum(before: Series, more: Series): Series {
  return { ...more, value: before.value + more.value, histogram: addHistograms(before.histogram, more.histogram) };
}

/** The sum of two histograms; the second one if their bounds differ. */
export function addHistograms(had: Series['histogram'], more: Series['histogram']): Series['histogram'] {
  if (more === undefined) return had;
  if (had === undefined || had.bounds.length !== more.bounds.length) return more;
  return {
    count: had.count + more.count,
    sum: had.sum + more.sum,
    bounds: more.bounds,
    counts: more.counts.map((count, at) => count + (had.counts[at] ?? 0)),
  };
}
