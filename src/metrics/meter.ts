// Provides mqtrace's metrics as instruments of OpenTelemetry's metrics API, for applications that cannot pass a producer to a
// reader.
import {
  type BatchObservableResult,
  type Meter,
  type MeterProvider,
  metrics as metricsApi,
  type MetricOptions,
  type Observable,
  ValueType,
} from '@opentelemetry/api';
import { checkBoolean, checkNames, checkWhole } from '../common/check-options.ts';
import { describe, invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { version } from '../common/version.ts';
import { warn } from '../common/warnings.ts';
import { type Definition, definitions, state } from './instruments.ts';
import { observe } from './levels.ts';
import { MetricsReader } from './reader.ts';
import { forwardHistograms } from './series.ts';

/** Options of {@link mqtraceInstruments}. */
export interface MqtraceInstrumentsOptions {
  /** The meter provider of the instruments. Default: the one that is registered with OpenTelemetry's API at the call. */
  readonly meterProvider?: MeterProvider | undefined;
  /**
   * Whether durations and ages are recorded too. Each of them is one call of the metrics API per message, which takes several
   * microseconds and kilobytes in the SDK: most of the cost of tracing. Default false: only counts and levels, without cost per
   * message.
   */
  readonly histograms?: boolean | undefined;
  /** As in `mqtraceMetrics`. */
  readonly maxSeries?: number | undefined;
}

/** The result of {@link mqtraceInstruments}. */
export interface MqtraceInstruments {
  /** Removes the instruments' callbacks; nothing is counted for them afterwards. */
  remove(): void;
}

let warned = false;

/**
 * Creates an observable instrument for each count and level of all traced clients, and histograms if selected. If you can pass
 * `mqtraceMetrics()` to a reader, use that: it has all metrics and costs less. While the process has one, or `startTracing({
 * metrics })`, the instruments report nothing, so that nothing is reported twice.
 *
 * @throws MqtraceError `INVALID_OPTION` for unknown names and invalid values.
 */
export function mqtraceInstruments(options: MqtraceInstrumentsOptions = {}): MqtraceInstruments {
  const where = 'mqtraceInstruments(options)';
  checkNames(where, options, ['meterProvider', 'histograms', 'maxSeries']);
  const { meterProvider = metricsApi.getMeterProvider(), histograms, maxSeries } = options;
  if (typeof (meterProvider as Partial<MeterProvider> | null)?.getMeter !== 'function') {
    throw invalidOption('mqtraceInstruments({ meterProvider })', describe(meterProvider), 'a MeterProvider');
  }
  if (histograms !== undefined) checkBoolean(histograms, 'mqtraceInstruments({ histograms })');
  if (maxSeries !== undefined) checkWhole(1)(maxSeries, 'mqtraceInstruments({ maxSeries })', options);

  const reader = new MetricsReader('cumulative', maxSeries, 'meter');
  const meter = answered(meterProvider.getMeter('mqtrace', version));
  const instruments = new Map<string, Observable>();
  for (const definition of definitions) {
    if (definition.kind !== 'histogram') instruments.set(definition.name, makeObservable(meter, definition));
  }
  const stop = histograms === true ? forwardTo(meter) : undefined;
  const callback = async (result: BatchObservableResult): Promise<void> => {
    if (isToldElsewhere()) return;
    await observe();
    for (const { descriptor, dataPoints } of reader.collect().metrics) {
      const instrument = instruments.get(descriptor.name);
      if (instrument === undefined) continue;
      for (const { value, attributes } of dataPoints) result.observe(instrument, value as number, attributes);
    }
  };
  const all = [...instruments.values()];
  meter.addBatchObservableCallback(callback, all);
  return {
    remove(): void {
      meter.removeBatchObservableCallback(callback, all);
      stop?.();
      reader.close();
    },
  };
}

/** Whether another part of the process reports the same. */
function isToldElsewhere(): boolean {
  if (state.readers === state.meters) return false;
  if (!warned) {
    warned = true;
    warn(
      'mqtraceInstruments() tells nothing while the process has mqtraceMetrics() or startTracing({ metrics }); remove one',
    );
  }
  return true;
}

function optionsOf({ unit, description, boundaries, kind }: Definition): MetricOptions {
  const options = { unit, description, valueType: kind === 'histogram' ? ValueType.DOUBLE : ValueType.INT };
  return boundaries === undefined ? options : { ...options, advice: { explicitBucketBoundaries: [...boundaries] } };
}

function makeObservable(meter: Meter, definition: Definition): Observable {
  const { name, kind } = definition;
  if (kind === 'gauge') return meter.createObservableGauge(name, optionsOf(definition));
  if (kind === 'up_down_counter') return meter.createObservableUpDownCounter(name, optionsOf(definition));
  return meter.createObservableCounter(name, optionsOf(definition));
}

/** Records every duration and age with the meter as well. */
function forwardTo(meter: Meter): () => void {
  const histograms = new Map(
    definitions
      .filter(({ kind }) => kind === 'histogram')
      .map((definition) => [definition.name, meter.createHistogram(definition.name, optionsOf(definition))]),
  );
  return forwardHistograms((name, attributes) => {
    const histogram = histograms.get(name);
    return (value) => {
      if (isToldElsewhere()) return;
      try {
        histogram?.record(value, attributes);
      } catch (error) {
        reportFault('recording in a histogram', error);
      }
    };
  });
}
