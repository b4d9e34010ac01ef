// Reads the metrics of mqtrace from Prometheus, for systems with too many spans to store.
import { MqtraceError } from '../../common/errors.ts';
import type { Series } from '../store/metrics-store.ts';
import type { SpanStore } from '../store/store.ts';
import { ask } from './ask.ts';

export interface PrometheusOptions {
  /** The length of the counted period, in seconds. */
  windowS: number;
  signal?: AbortSignal;
}

/** The limits of metrics, in sentences. */
export const metricsCannotTell =
  "Metrics contain no single messages: there are no journeys and no findings about contexts. Waits are by the broker's or the header's timestamp (mqtrace.message.age), as exact as the buckets. Counts are extrapolated by Prometheus.";

/** One series of the answer to an instant query. */
interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/** How a metric is queried: its OpenTelemetry name, the unit suffix that Prometheus may have added, and the functions to apply. */
interface Asked {
  name: string;
  unit: string;
  end: string;
}

const counters: readonly Asked[] = [
  { name: 'messaging.client.sent.messages', unit: '', end: '_total' },
  { name: 'messaging.client.consumed.messages', unit: '', end: '_total' },
];
const age: Asked = { name: 'mqtrace.message.age', unit: '_seconds', end: '_bucket' };
const lag: Asked = { name: 'mqtrace.consumer.lag', unit: '', end: '' };

/** Replaces the metrics in the store by those in Prometheus. Returns the number of series. */
export async function importPrometheus(store: SpanStore, base: string, options: PrometheusOptions): Promise<number> {
  const window = `[${Math.max(1, Math.round(options.windowS))}s]`;
  const query = async (text: string): Promise<Sample[]> => {
    const answer = await ask('Prometheus', base, `/api/v1/query?query=${encodeURIComponent(text)}`, options.signal);
    const data = answer?.['data'] as { resultType?: string; result?: Sample[] } | undefined;
    if (data?.resultType !== 'vector')
      throw new MqtraceError(
        'INVALID_STATE',
        `${base} is not a Prometheus server: it does not answer /api/v1/query with a vector`,
      );
    return data.result ?? [];
  };
  const series: Series[] = [];
  for (const asked of counters) {
    const [counts, rates] = await Promise.all([
      query(`increase(${selector(asked)}${window})`),
      query(`rate(${selector(asked)}${window})`),
    ]);
    const rateOf = new Map(rates.map(({ metric, value }) => [JSON.stringify(metric), Number(value[1])]));
    for (const { metric, value } of counts)
      series.push({ ...seriesOf(asked, metric, value), rate: rateOf.get(JSON.stringify(metric)) ?? 0 });
  }
  series.push(...histogramsOf(await query(`increase(${selector(age)}${window})`)));
  for (const { metric, value } of await query(selector(lag))) series.push(seriesOf(lag, metric, value));
  store.metrics.replace(series);
  return series.length;
}

/**
 * Selects a metric in both spellings: with underscores and suffixes, into which earlier versions of Prometheus convert OpenTelemetry's
 * names, and unchanged, which Prometheus 3 also accepts.
 */
function selector({ name, unit, end }: Asked): string {
  const dots = name.replaceAll('.', '[._]');
  return `{__name__=~"${dots}(${unit === '' ? '' : unit}|)${end === '_total' ? '(_total|)' : end}"}`;
}

function seriesOf({ name }: Asked, metric: Record<string, string>, [time, value]: Sample['value']): Series {
  const label = (...names: string[]): string => {
    const found = names.flatMap((each) => [each, each.replaceAll('.', '_')]).find((each) => metric[each] !== undefined);
    return found === undefined ? '' : metric[found]!;
  };
  return {
    // The job of a scraped target is its service name, or namespace/name.
    service: label('service.name') || (label('job').split('/').at(-1) ?? ''),
    name,
    system: label('messaging.system.name', 'messaging.system'),
    destination: label('messaging.destination.name', 'messaging.destination'),
    group: label('messaging.consumer.group.name', 'messaging.kafka.consumer.group'),
    errorType: label('error.type'),
    partition: label('messaging.destination.partition.id'),
    time: time * 1000,
    value: Number(value),
    histogram: undefined,
  };
}

/** Builds histograms from buckets, which are cumulative in Prometheus. */
function histogramsOf(samples: readonly Sample[]): Series[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _, ...labels } = sample.metric;
    const key = JSON.stringify(labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [sample]);
    else group.push(sample);
  }
  return [...groups.values()].map((group) => {
    const buckets = group
      .map(({ metric, value }) => ({
        bound: Number((metric['le'] ?? '').replace('+Inf', 'Infinity')),
        upTo: Number(value[1]),
      }))
      .toSorted((a, b) => a.bound - b.bound);
    const counts = buckets.map(({ upTo }, at) => Math.max(0, upTo - (buckets[at - 1]?.upTo ?? 0)));
    const histogram = {
      count: buckets.at(-1)?.upTo ?? 0,
      sum: 0,
      bounds: buckets.map(({ bound }) => bound).filter((bound) => Number.isFinite(bound)),
      counts,
    };
    return Object.assign(seriesOf(age, group[0]!.metric, group[0]!.value), { value: 0, histogram });
  });
}
