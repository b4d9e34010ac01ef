// Validates the options of exporting.
import { validateHeaderName, validateHeaderValue } from 'node:http';
import {
  checkNames,
  checkOneOf,
  checkWhole,
  isRecord,
  longestTimeoutMs,
  type OptionCheck,
} from '../common/check-options.ts';
import { invalidOption, MqtraceError } from '../common/errors.ts';
import { isGrpcTarget, parseHttpUrl } from '../config/endpoints.ts';
import { redactUrl } from '../config/redact-url.ts';
import { exportProtocols } from '../config/names.ts';
import type { DeliveryOptions, ExportOptions } from './export-options.ts';
import type { TransportOptions } from './otlp-senders.ts';

type Name = keyof DeliveryOptions | keyof TransportOptions;

function spool(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object with a directory');
  const { directory, maxBytes, maxAgeMs, ...unknown } = value;
  if (typeof directory !== 'string' || directory === '')
    throw invalidOption(`${where}.directory`, directory, 'the path of a directory');
  if (maxBytes !== undefined) checkWhole(0)(maxBytes, `${where}.maxBytes`, value);
  if (maxAgeMs !== undefined) checkWhole(1)(maxAgeMs, `${where}.maxAgeMs`, value);
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw invalidOption(`${where}.${name}`, unknown[name], 'only directory, maxBytes and maxAgeMs');
}

/** One check per delivery option. */
const deliveryChecks: Readonly<Record<Name, OptionCheck>> = {
  maxBatchSpans: checkWhole(1),
  maxBatchBytes: checkWhole(1),
  intervalMs: checkWhole(1, longestTimeoutMs),
  maxQueueBytes: checkWhole(1),
  maxQueueSpans: checkWhole(1),
  concurrency: checkWhole(1),
  dropWhenFull: checkOneOf(['newest', 'oldest']),
  spool,
  timeoutMs: checkWhole(1, longestTimeoutMs),
  compression: checkOneOf(['none', 'gzip']),
  httpAgentOptions: (value, where) => {
    if (typeof value !== 'function' && !isRecord(value))
      throw invalidOption(where, value, 'options of an http.Agent or a function that creates one');
  },
};

function endpoint(value: unknown, where: string, all: unknown): void {
  const grpc = (all as { protocol?: unknown }).protocol === 'grpc';
  const expected = grpc
    ? 'http://host:port, https://host:port or host:port'
    : 'a URL that starts with http:// or https://';
  if (typeof value !== 'string' || value.trim() === '') throw invalidOption(where, value, expected);
  if (grpc ? isGrpcTarget(value) : parseHttpUrl(value) !== undefined) return;
  throw invalidOption(where, redactUrl(value), expected);
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
      // The value may be a secret, so it is not shown.
      throw new MqtraceError('INVALID_OPTION', `${here}: not a valid name and value of a header`, { cause });
    }
  }
}

const destinationProtocols = [...exportProtocols.filter((each) => each !== 'none'), 'file'];

function destinations(value: unknown, where: string): void {
  if (!Array.isArray(value)) throw invalidOption(where, value, 'an array of destinations');
  const checks: Record<string, OptionCheck> = {
    protocol: checkOneOf(destinationProtocols),
    endpoint,
    headers,
    ...deliveryChecks,
  };
  for (const [index, destination] of (value as Record<string, unknown>[]).entries()) {
    const here = `${where}[${index}]`;
    checkNames(here, destination, Object.keys(checks));
    for (const [name, entry] of Object.entries(destination)) {
      const isPath = name === 'endpoint' && destination['protocol'] === 'file';
      if (entry === undefined || (isPath && typeof entry === 'string')) continue;
      checks[name]?.(entry, `${here}.${name}`, destination);
    }
  }
}

/** One check per export option. @internal */
export const exportOptionChecks: { readonly [N in keyof Required<ExportOptions>]: OptionCheck } = {
  protocol: checkOneOf(exportProtocols),
  endpoint,
  headers,
  destinations,
  ...deliveryChecks,
};
