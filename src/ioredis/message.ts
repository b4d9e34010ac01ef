// The carrier and the attributes of one stream entry.
import type { Attributes } from '@opentelemetry/api';
import { readValue } from '../../carriers/limits.ts';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  guard,
  type Destination,
  type Incoming,
  type Messaging,
  Received,
} from '../messaging/index.ts';
import { propagatorFields } from '../propagation/header-families.ts';
import { mqtracePropagator } from '../propagation/propagator.ts';
import type { ReplyEntry } from './replies.ts';
import { type ReceivedEntry, receivedEntries, type StreamTracing } from './state.ts';

/**
 * Reads what an entry carries, for `processMessage`, and hides its trace fields. Undefined where it cannot be read; the other entries
 * of its reply are not affected.
 *
 * @param attributes - the attributes of every message of the reply: group, consumer, server.
 * @param names - of the fields to hide; to be asked for once for a reply.
 * @internal
 */
export function receiveEntry(
  tracing: StreamTracing,
  { entry, stream }: ReplyEntry,
  attributes: Attributes,
  names: readonly string[] = hiddenNames(tracing),
): ReceivedMessage | undefined {
  const fields = fieldsOf(entry);
  const incoming = guard('reading a stream entry', () => {
    const read = readEntry(tracing.messaging, entry, fields, stream);
    receivedEntries.set(entry, { tracing, incoming: read, attributes });
    return read;
  });
  if (fields !== undefined) hideTraceFields(tracing, fields, names);
  return incoming;
}

/** Hides the trace fields of an entry in the reply to a query. Its context is read only if it is processed. @internal */
export function showEntry(tracing: StreamTracing, { entry, stream }: ReplyEntry, server: Attributes): void {
  const fields = fieldsOf(entry);
  if (fields === undefined) return;
  const hidden = hideTraceFields(tracing, fields, hiddenNames(tracing));
  if (hidden !== undefined) receivedEntries.set(entry, new ShownEntry(tracing, entry, hidden, stream, server));
}

class ShownEntry implements ReceivedEntry {
  readonly tracing: StreamTracing;
  readonly attributes: Attributes;
  readonly #entry: readonly unknown[];
  readonly #hidden: RedisFields;
  readonly #stream: string;

  constructor(
    tracing: StreamTracing,
    entry: readonly unknown[],
    hidden: RedisFields,
    stream: string,
    attributes: Attributes,
  ) {
    this.tracing = tracing;
    this.attributes = attributes;
    this.#entry = entry;
    this.#hidden = hidden;
    this.#stream = stream;
  }

  get incoming(): Incoming {
    const fields = (fieldsOf(this.#entry) ?? []).concat(this.#hidden);
    return readEntry(this.tracing.messaging, this.#entry, fields, this.#stream);
  }
}

/**
 * The names of the fields to hide. Without any, because the propagator writes nothing or failed, the fields of other writers are
 * hidden all the same. @internal
 */
export function hiddenNames({ messaging }: StreamTracing): readonly string[] {
  const names = propagatorFields(messaging.propagator);
  return names.length === 0 ? mqtracePropagator.fields() : names;
}

/** Removes the trace fields at the end of an entry, if they are to be hidden; returns them. */
function hideTraceFields(
  tracing: StreamTracing,
  fields: RedisFields,
  names: readonly string[],
): RedisFields | undefined {
  if (!tracing.hidesFields) return undefined;
  return guard('hiding trace fields', () => {
    const start = redisFields.trailingRun(fields, names);
    return start < fields.length ? fields.splice(start) : undefined;
  });
}

/** Which delivery of an entry this is, from 1, where the server told. @internal */
export function attemptOf({ attributes }: Incoming): number | undefined {
  const attempt = attributes?.[ATTR_MESSAGE_DELIVERY_ATTEMPT];
  return typeof attempt === 'number' ? attempt : undefined;
}

/** What an entry carries, and what its attributes take. @internal */
export class ReceivedMessage extends Received {
  readonly id: string;
  readonly #deliveries: unknown;

  constructor(
    messaging: Messaging,
    entry: readonly unknown[],
    fields: RedisFields | undefined,
    destination: Destination | undefined,
  ) {
    super(messaging, redisFields, fields, destination);
    // An entry that went through JSON has an id that was a Buffer.
    this.id = typeof entry[0] === 'string' ? entry[0] : (readValue('id', entry[0]) ?? String(entry[0]));
    // XREADGROUP with CLAIM (Redis 8.4) adds the idle time of the entry and the number of earlier deliveries.
    this.#deliveries = entry.length === 4 ? entry[3] : undefined;
  }

  get sentAt(): number | undefined {
    return sentAtOf(this.id);
  }

  protected describe(): Attributes {
    const attributes: Attributes = { [ATTR_MESSAGE_ID]: this.id };
    const deliveries = this.#deliveries === undefined ? Number.NaN : Number(this.#deliveries);
    if (Number.isSafeInteger(deliveries)) attributes[ATTR_MESSAGE_DELIVERY_ATTEMPT] = deliveries + 1;
    return attributes;
  }
}

/** @internal */
export function readEntry(
  messaging: Messaging,
  entry: readonly unknown[],
  fields: RedisFields | undefined,
  stream: string | undefined,
): ReceivedMessage {
  return new ReceivedMessage(messaging, entry, fields, stream === undefined ? undefined : { name: stream });
}

function fieldsOf(entry: readonly unknown[]): RedisFields | undefined {
  return Array.isArray(entry[1]) ? (entry[1] as RedisFields) : undefined;
}

/** An id begins with the server's time, unless the writer gave it (`1-0`): a number that would be before 2001 is no time. */
function sentAtOf(id: string): number | undefined {
  const ms = Number(id.split('-', 1)[0]);
  return ms >= 1e12 && ms < 1e15 ? ms : undefined;
}
