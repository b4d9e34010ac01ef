// Reads the package's metrics from Prometheus: the right source where there are too many spans to keep.
import { MqtraceError } from '../../common/errors.ts';
import type { Series } from '../store/metrics-store.ts';
import type { SpanStore } from '../store/store.ts';
import { ask } from './ask.ts';

export interface PrometheusOptions {
  /** How far back messages are counted, in seconds. */
  windowS: number;
  signal?: AbortSignal;
}

/** What metrics do not tell, as a sentence. */
export const metricsCannotTell =
  "Metrics tell no single message: there are no journeys, no creation context and no finding about either. Waits are those by the broker's or the header's time (mqtrace.message.age), within the bounds of their buckets. Counts are what Prometheus extrapolates from its scrapes.";

/** One answer of an instant query. */
interface Sample {
  metric: Record<string, string>;
  value: [time: number, value: string];
}

/** How a metric is asked for: its name in OpenTelemetry, the unit that Prometheus may have added, and what is done with it. */
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

/** Replaces what is known of metrics in the store by what Prometheus has. Gives the number of series. */
export async function importPrometheus(store: SpanStore, base: string, options: PrometheusOptions): Promise<number> {
  const window = `[${Math.max(1, Math.round(options.windowS))}s]`;
  const query = async (text: string): Promise<Sample[]> => {
    const answer = await ask('Prometheus', base, `/api/v1/query?query=${encodeURIComponent(text)}`, options.signal);
    const data = answer?.['data'] as { resultType?: string; result?: Sample[] } | undefined;
    if (data?.resultType !== 'vector')
      throw new MqtraceError(
        'INVALID_STATE',
        `${base} is no Prometheus: it does not answer /api/v1/query with a vector`,
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
 * Selects a metric in every spelling: with underscores and suffixes, as Prometheus has been given OpenTelemetry's metrics so far, and as it
 * is named there, which Prometheus 3 takes as well.
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
    // The job of a target that is scraped stands for its service, or for namespace/name.
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

/** Histograms from their buckets, which Prometheus counts up to each bound. */
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
