// Validates the options of startTracing().
import {
  checkBoolean,
  checkMethods,
  checkNames,
  checkNonEmptyString,
  checkOneOf,
  checkWhole,
  isRecord,
  longestTimeoutMs,
  type OptionCheck,
} from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import type { MetricsOptions } from '../export/messaging-metrics/create.ts';
import { exportOptionChecks } from '../export/validate-export-options.ts';
import { SamplingPair, samplingOptionNames } from '../sampling/create-sampling.ts';
import type { SamplingOptions } from '../sampling/index.ts';
import { environmentModes, propagatorNames } from '../config/names.ts';
import type { StartTracingOptions } from './options.ts';
import { smallestLimit } from './span-limits.ts';

/** One check per option; a name that is not listed here is unknown. */
const checks: { [Name in keyof Required<StartTracingOptions>]: OptionCheck<StartTracingOptions> } = {
  serviceName: checkNonEmptyString,
  serviceVersion: checkNonEmptyString,
  deploymentEnvironment: checkNonEmptyString,
  resourceAttributes: attributes,
  export: exportOptions,
  sampling,
  spanLimits,
  spanProcessors,
  propagator,
  contextManager: (value, where) => {
    if (value !== false)
      checkMethods(value, where, ['active', 'with', 'bind', 'enable', 'disable'], 'a ContextManager or false');
  },
  register: checkBoolean,
  meterProvider: (value, where) => checkMethods(value, where, ['getMeter'], 'a MeterProvider'),
  operationMetrics: checkBoolean,
  metrics,
  trackOpenSpans: checkBoolean,
  fastPath: checkBoolean,
  environment: checkOneOf(environmentModes),
};

/** The full form of each option, for suggestions in errors. */
const places: Readonly<Record<string, string>> = Object.fromEntries([
  ...Object.keys(checks).map((name) => [name, `startTracing({ ${name} })`]),
  ...Object.keys(exportOptionChecks).map((name) => [name, `startTracing({ export: { ${name} } })`]),
  ...samplingOptionNames.map((name) => [name, `startTracing({ sampling: { ${name} } })`]),
]);

const limitNames = [
  'attributeValueLengthLimit',
  'attributeCountLimit',
  'eventCountLimit',
  'linkCountLimit',
  'attributePerEventCountLimit',
  'attributePerLinkCountLimit',
] as const;

/** Throws a `MqtraceError` for the first invalid option. @internal */
export function validateOptions(options: StartTracingOptions): void {
  const caller = 'startTracing';
  if (!isRecord(options)) throw invalidOption(`${caller}(options)`, options, 'an object');
  checkNames(caller, options, Object.keys(checks), places);
  for (const [name, check] of Object.entries(checks)) {
    const value = options[name as keyof StartTracingOptions];
    if (value !== undefined) check(value, `${caller}({ ${name} })`, options);
  }
}

function exportOptions(value: unknown, where: string): void {
  checkNames(where, value, Object.keys(exportOptionChecks), places);
  for (const [name, check] of Object.entries(exportOptionChecks)) {
    const option = (value as Record<string, unknown>)[name];
    if (option !== undefined) check(option, `${where}.${name}`, value);
  }
}

const metricsChecks: { readonly [Name in keyof Required<MetricsOptions>]: OptionCheck } = {
  intervalMs: checkWhole(1, longestTimeoutMs),
  exportTimeoutMs: checkWhole(1, longestTimeoutMs),
  temporality: checkOneOf(['cumulative', 'delta']),
  maxSeries: checkWhole(1),
};

function metrics(value: unknown, where: string): void {
  if (typeof value === 'boolean') return;
  if (!isRecord(value)) throw invalidOption(where, value, 'true, false or an object of options');
  checkNames(where, value, Object.keys(metricsChecks));
  for (const [name, check] of Object.entries(metricsChecks)) {
    if (value[name] !== undefined) check(value[name], `${where}.${name}`, value);
  }
}

/** Creates the sampler to validate its options even if the SDK is disabled. */
function sampling(value: unknown, where: string): void {
  checkNames(where, value, samplingOptionNames, places);
  void new SamplingPair(samplingPath, value as SamplingOptions, []);
}

/** How an error names an option of the `sampling` group. @internal */
export function samplingPath(name?: string): string {
  return name === undefined ? 'startTracing({ sampling })' : `startTracing({ sampling }).${name}`;
}

function attributes(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object of attributes');
  for (const [name, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    const kinds = new Set((Array.isArray(entry) ? entry : [entry]).map((item) => typeof item));
    const scalar = [...kinds].every((kind) => kind === 'string' || kind === 'number' || kind === 'boolean');
    if (!scalar || kinds.size > 1) {
      const expected = 'a string, number or boolean, or an array of one of them';
      throw invalidOption(`${where}["${name}"]`, entry, expected);
    }
  }
}

function spanLimits(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object of limits');
  checkNames(where, value, limitNames);
  for (const name of limitNames) {
    const limit = value[name];
    const least = smallestLimit(name);
    const whole = Number.isInteger(limit) && (limit as number) >= least;
    if (limit !== undefined && !whole && limit !== Infinity) {
      throw invalidOption(`${where}.${name}`, limit, `a whole number of ${least} or more, or Infinity`);
    }
  }
}

function spanProcessors(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw invalidOption(where, value, 'an array of span processors');
  for (const [index, processor] of value.entries()) {
    checkMethods(processor, `${where}[${index}]`, ['onStart', 'onEnd', 'forceFlush', 'shutdown'], 'a SpanProcessor');
  }
}

const propagatorMethods = ['inject', 'extract', 'fields'];

function propagator(value: unknown, where: string): void {
  if (!Array.isArray(value)) {
    checkMethods(value, where, propagatorMethods, 'a TextMapPropagator or an array of names');
    return;
  }
  for (const [index, each] of value.entries()) {
    if (typeof each === 'object')
      checkMethods(each, `${where}[${index}]`, propagatorMethods, 'a name or a TextMapPropagator');
    else checkOneOf(propagatorNames)(each, where, {});
  }
}
