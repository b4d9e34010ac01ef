import { invalidOption } from '../../errors.ts';
import type { DeliveryOptions } from './export-options.ts';
import type { TransportOptions } from './otlp-senders.ts';

type Name = keyof DeliveryOptions | keyof TransportOptions;
type Check = (value: unknown, where: string) => void;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The longest that Node's timers can wait. */
const longestMs = 2_147_483_647;

function whole(min: number, max = Number.MAX_SAFE_INTEGER): Check {
  return (value, where) => {
    const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    if (!fits)
      throw invalidOption(
        where,
        value,
        max === Number.MAX_SAFE_INTEGER ? `a whole number of ${min} or more` : `a whole number from ${min} to ${max}`,
      );
  };
}

function oneOf(values: readonly string[]): Check {
  return (value, where) => {
    if (!values.includes(value as string)) throw invalidOption(where, value, `one of ${values.join(', ')}`);
  };
}

function spool(value: unknown, where: string): void {
  if (!isRecord(value)) throw invalidOption(where, value, 'an object with a directory');
  const { directory, maxBytes, maxAgeMs, ...unknown } = value;
  if (typeof directory !== 'string' || directory === '')
    throw invalidOption(`${where}.directory`, directory, 'the path of a directory');
  if (maxBytes !== undefined) whole(0)(maxBytes, `${where}.maxBytes`);
  if (maxAgeMs !== undefined) whole(1)(maxAgeMs, `${where}.maxAgeMs`);
  const [name] = Object.keys(unknown);
  if (name !== undefined)
    throw invalidOption(`${where}.${name}`, unknown[name], 'only directory, maxBytes and maxAgeMs');
}

/** One check per option of an export. @internal */
export const exportOptionChecks: Readonly<Record<Name, Check>> = {
  maxBatchSpans: whole(1),
  maxBatchBytes: whole(1),
  intervalMs: whole(1, longestMs),
  maxQueueBytes: whole(1),
  maxQueueSpans: whole(1),
  concurrency: whole(1),
  dropWhenFull: oneOf(['newest', 'oldest']),
  spool,
  timeoutMs: whole(1, longestMs),
  compression: oneOf(['none', 'gzip']),
  httpAgentOptions: (value, where) => {
    if (typeof value !== 'function' && !isRecord(value))
      throw invalidOption(where, value, 'options of an http.Agent or a function that makes one');
  },
};
