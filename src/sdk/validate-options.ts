import { validateHeaderName, validateHeaderValue } from 'node:http';
import { describe, invalidOption, MqtraceError } from '../errors.ts';
import { exportOptionChecks } from './export/validate-export-options.ts';
import { nearest } from './did-you-mean.ts';
import { isGrpcTarget, parseHttpUrl } from './endpoints.ts';
import { SamplingPair } from './sampling/create-sampling.ts';
import { samplerFrom, type SamplerConfig } from './sampling/index.ts';
import { environmentModes, exportProtocols, propagatorNames, type StartTracingOptions } from './options.ts';

type Check = (value: unknown, where: string, all: StartTracingOptions) => void;

/** One line per option: whatever is not listed here is not an option. */
const checks: { [Name in keyof Required<StartTracingOptions>]: Check } = {
  serviceName: nonEmptyString,
  serviceVersion: nonEmptyString,
  deploymentEnvironment: nonEmptyString,
  resourceAttributes: attributes,
  protocol: oneOf(exportProtocols),
  endpoint,
  headers,
  destinations,
  ...exportOptionChecks,
  sampler: (value, where) => void samplerFrom(value as SamplerConfig, where),
  keepErrors: tailSampling,
  keepSlow: tailSampling,
  keepWhen: tailSampling,
  errorBoost: tailSampling,
  maxTracesPerSecond: tailSampling,
  held: tailSampling,
  spanLimits,
  spanProcessors,
  propagator,
  contextManager: (value, where) => {
    if (value !== false)
      hasMethods(value, where, ['active', 'with', 'bind', 'enable', 'disable'], 'a ContextManager or false');
  },
  register: trueOrFalse,
  meterProvider: (value, where) => hasMethods(value, where, ['getMeter'], 'a MeterProvider'),
  operationMetrics: trueOrFalse,
  trackOpenSpans: trueOrFalse,
  environment: oneOf(environmentModes),
};

const limitNames = [
  'attributeValueLengthLimit',
  'attributeCountLimit',
  'eventCountLimit',
  'linkCountLimit',
  'attributePerEventCountLimit',
  'attributePerLinkCountLimit',
] as const;

/** Throws a `MqtraceError` for the first option that is wrong. @internal */
export function validateOptions(
  options: StartTracingOptions,
  caller = 'startTracing',
  known: readonly string[] = Object.keys(checks),
): void {
  if (!isRecord(options)) throw invalidOption(`${caller}(options)`, options, 'an object');
  knownNames(options, known, caller);
  for (const [name, check] of Object.entries(checks)) {
    const value = options[name as keyof StartTracingOptions];
    if (value !== undefined) check(value, `${caller}({ ${name} })`, options);
  }
}

/** Whatever makes these up is made on trial: an option is to be checked also where the SDK is disabled. */
function tailSampling(_value: unknown, _where: string, all: StartTracingOptions): void {
  const { sampler: _, ...options } = all;
  void new SamplingPair('startTracing', options, []);
}

function nonEmptyString(value: unknown, where: string): void {
  if (typeof value !== 'string' || value.trim() === '') throw invalidOption(where, value, 'a string that is not empty');
}

function trueOrFalse(value: unknown, where: string): void {
  if (typeof value !== 'boolean') throw invalidOption(where, value, 'true or false');
}

function oneOf(values: readonly string[]): Check {
  return (value, where) => {
    if (!values.includes(value as string)) throw invalidOption(where, value, `one of ${values.join(', ')}`);
  };
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

function endpoint(value: unknown, where: string, all: StartTracingOptions): void {
  const grpc = all.protocol === 'grpc';
  const expected = grpc
    ? 'http://host:port, https://host:port or host:port'
    : 'a URL that starts with http:// or https://';
  if (typeof value !== 'string' || value.trim() === '') throw invalidOption(where, value, expected);
  if (grpc ? isGrpcTarget(value) : parseHttpUrl(value) !== undefined) return;
  throw invalidOption(where, value.replace(/\/\/[^/@]*@/, '//…@'), expected);
}

function headers(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object of strings');
  for (const [name, header] of Object.entries(value)) {
    const here = `${where}[${JSON.stringify(name)}]`;
    if (typeof header !== 'string') throw invalidOption(here, header, 'a string');
    try {
      validateHeaderName(name);
      validateHeaderValue(name, header);
    } catch (cause) {
      // The value may be a secret: it is not quoted.
      throw new MqtraceError('INVALID_OPTION', `${here}: not a valid name and value of a header`, { cause });
    }
  }
}

const destinationProtocols = [...exportProtocols.filter((each) => each !== 'none'), 'file'];

function destinations(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw invalidOption(where, value, 'an array of destinations');
  const checks: Record<string, Check> = {
    protocol: oneOf(destinationProtocols),
    endpoint,
    headers,
    ...exportOptionChecks,
  };
  for (const [index, destination] of value.entries()) {
    const here = `${where}[${index}]`;
    if (!isRecord(destination)) throw invalidOption(here, destination, 'an object');
    knownNames(destination, Object.keys(checks), here);
    for (const [name, entry] of Object.entries(destination)) {
      const isPath = name === 'endpoint' && destination['protocol'] === 'file';
      if (entry === undefined || (isPath && typeof entry === 'string')) continue;
      checks[name]?.(entry, `${here}.${name}`, destination);
    }
  }
}

function spanLimits(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object of limits');
  knownNames(value, limitNames, where);
  for (const name of limitNames) {
    const limit = value[name];
    const whole = Number.isInteger(limit) && (limit as number) >= 0;
    if (limit !== undefined && !whole && limit !== Infinity) {
      throw invalidOption(`${where}.${name}`, limit, 'a whole number of 0 or more, or Infinity');
    }
  }
}

function spanProcessors(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw invalidOption(where, value, 'an array of span processors');
  for (const [index, processor] of value.entries()) {
    hasMethods(processor, `${where}[${index}]`, ['onStart', 'onEnd', 'forceFlush', 'shutdown'], 'a SpanProcessor');
  }
}

function propagator(value: unknown, where: string): void {
  if (!Array.isArray(value)) {
    hasMethods(value, where, ['inject', 'extract', 'fields'], 'a TextMapPropagator or an array of names');
    return;
  }
  for (const name of value) oneOf(propagatorNames)(name, where, {});
}

function hasMethods(value: unknown, where: string, methods: readonly string[], expected: string): void {
  const missing = methods.find(
    (name) => typeof (value as Record<string, unknown> | null | undefined)?.[name] !== 'function',
  );
  if (missing !== undefined) throw invalidOption(where, value, `${expected} (with ${missing}())`);
}

function knownNames(value: object, known: readonly string[], where: string): void {
  for (const name of Object.keys(value)) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean ${near}?`;
    throw new MqtraceError('INVALID_OPTION', `${where}: there is no option ${describe(name)}; ${hint}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
