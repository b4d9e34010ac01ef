// Defines and validates the options of consumeStream().
import { hostname } from 'node:os';
import { checkCount, checkFunction, checkNames, isRecord } from '../../common/check-options.ts';
import { invalidOption } from '../../common/errors.ts';

/** One stream entry, as the handler of `consumeStream` gets it. */
export interface StreamMessage {
  /** The entry's id. */
  readonly id: string;
  /** The stream's name as given to `consumeStream`, without `keyPrefix`. */
  readonly stream: string;
  /** The fields as text. For a repeated name, the last value. */
  readonly fields: Readonly<Record<string, string>>;
  /** Alternating names and values, as in Redis. */
  readonly raw: readonly Buffer[];
  /** The number of deliveries of the entry, including this one; undefined if Redis does not return it. */
  readonly deliveryAttempt: number | undefined;
}

/** Options of `consumeStream`. */
export interface ConsumeStreamOptions {
  /** The stream or streams; in a Cluster, all in one slot. They are created if they do not exist. */
  streams: string | readonly string[];
  /** The consumer group. It is created if it does not exist. */
  group: string;
  /**
   * The consumer's name within the group. Entries that are pending for it are handled first. Use the same name after a restart: Redis
   * keeps consumers until they are deleted. Default: host name and process id.
   */
  consumer?: string | undefined;
  /** Where a new group starts: an id, `'0'` for all entries, `'$'` for future ones. Default `'0'`. */
  from?: string | undefined;
  /** How many entries are read at once. They are handled one after the other. Default 10. */
  count?: number | undefined;
  /** How long one read waits for entries, in milliseconds. Default 5000. */
  blockMs?: number | undefined;
  /**
   * After how many milliseconds an entry that was delivered to any consumer, and not acknowledged, is claimed and handled again. It
   * has to be longer than a handler takes. `Infinity`: never. Needs Redis 6.2. Default 60 000.
   */
  minIdleMs?: number | undefined;
  /**
   * Called for every failure: of a handler, with its message, and of Redis. Default: reports it on OpenTelemetry's
   * `diag` if a logger is registered, else on stderr, once a minute and with the type of the error only.
   */
  onError?: ((error: unknown, message: StreamMessage | undefined) => void) | undefined;
}

/** Options with their defaults. @internal */
export type ConsumeSettings = {
  [Name in Exclude<keyof ConsumeStreamOptions, 'streams' | 'onError'>]-?: NonNullable<ConsumeStreamOptions[Name]>;
} & {
  streams: readonly string[];
  onError: ConsumeStreamOptions['onError'];
};

const names = ['streams', 'group', 'consumer', 'from', 'count', 'blockMs', 'minIdleMs', 'onError'];
let unnamed = 0;

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function consumeSettings(options: ConsumeStreamOptions): ConsumeSettings {
  if (!isRecord(options)) throw invalidOption('consumeStream options', options, 'an object');
  checkNames('consumeStream', options, names);
  const { group, consumer, from = '0', count = 10, blockMs = 5000, minIdleMs = 60_000, onError } = options;
  const streams = typeof options.streams === 'string' ? [options.streams] : options.streams;
  if (
    !Array.isArray(streams) ||
    streams.length === 0 ||
    !streams.every(isName) ||
    new Set(streams).size < streams.length
  ) {
    throw invalidOption('consumeStream({ streams })', options.streams, 'a name, or an array of different names');
  }
  if (!isName(group)) throw invalidOption('consumeStream({ group })', group, 'a name');
  if (consumer !== undefined && !isName(consumer))
    throw invalidOption('consumeStream({ consumer })', consumer, 'a name');
  if (typeof from !== 'string' || !/^(?:\$|\d+(?:-\d+)?)$/.test(from)) {
    throw invalidOption('consumeStream({ from })', from, `an entry id, '0' or '$'`);
  }
  checkCount('consumeStream({ count })', count);
  checkCount('consumeStream({ blockMs })', blockMs);
  if (minIdleMs !== Infinity) checkCount('consumeStream({ minIdleMs })', minIdleMs);
  if (onError !== undefined) checkFunction('consumeStream({ onError })', onError);
  return {
    streams: [...streams],
    group,
    consumer: consumer ?? defaultName(),
    from,
    count,
    blockMs,
    minIdleMs,
    onError,
  };
}

/** Two consumers of one process must not share their pending entries. */
function defaultName(): string {
  unnamed++;
  return `${hostname()}-${process.pid}${unnamed > 1 ? `-${unnamed}` : ''}`;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
