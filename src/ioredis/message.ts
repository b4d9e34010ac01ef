// The carrier and the attributes of one stream entry.
import type { Attributes } from '@opentelemetry/api';
import { readValue } from '../../carriers/limits.ts';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import {
  ATTR_MESSAGE_DELIVERY_ATTEMPT,
  ATTR_MESSAGE_ID,
  guard,
  type Incoming,
  type Messaging,
  readIncoming,
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
 * @internal
 */
export function receiveEntry(
  tracing: StreamTracing,
  { entry, stream }: ReplyEntry,
  attributes: Attributes,
): Incoming | undefined {
  const fields = fieldsOf(entry);
  const incoming = guard('reading a stream entry', () => {
    const read = incomingOf(tracing.messaging, entry, fields, stream);
    receivedEntries.set(entry, { tracing, incoming: read, attributes });
    return read;
  });
  if (fields !== undefined) hideTraceFields(tracing, fields);
  return incoming;
}

/** Hides the trace fields of an entry in the reply to a query. Its context is read only if it is processed. @internal */
export function showEntry(tracing: StreamTracing, { entry, stream }: ReplyEntry, server: Attributes): void {
  const fields = fieldsOf(entry);
  if (fields === undefined) return;
  const hidden = hideTraceFields(tracing, fields);
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
    return incomingOf(this.tracing.messaging, this.#entry, fields, this.#stream);
  }
}

/** Removes the trace fields at the end of an entry, if they are to be hidden; returns them. */
function hideTraceFields(tracing: StreamTracing, fields: RedisFields): RedisFields | undefined {
  if (!tracing.hidesFields) return undefined;
  return guard('hiding trace fields', () => {
    const names = propagatorFields(tracing.messaging.propagator);
    // Without names, because the propagator writes nothing or failed, the fields of other writers are hidden all the same.
    const start = redisFields.trailingRun(fields, names.length === 0 ? mqtracePropagator.fields() : names);
    return start < fields.length ? fields.splice(start) : undefined;
  });
}

/** What an entry carries, and its attributes. @internal */
export function incomingOf(
  messaging: Messaging,
  entry: readonly unknown[],
  fields: RedisFields | undefined,
  stream: string | undefined,
): Incoming {
  // An entry that went through JSON has an id that was a Buffer.
  const id = typeof entry[0] === 'string' ? entry[0] : (readValue('id', entry[0]) ?? String(entry[0]));
  const attributes: Attributes = { [ATTR_MESSAGE_ID]: id };
  // XREADGROUP with CLAIM (Redis 8.4) adds the idle time of the entry and the number of earlier deliveries.
  const deliveries = entry.length === 4 ? Number(entry[3]) : Number.NaN;
  if (Number.isSafeInteger(deliveries)) attributes[ATTR_MESSAGE_DELIVERY_ATTEMPT] = deliveries + 1;
  return readIncoming(messaging, redisFields, fields, {
    destination: stream === undefined ? undefined : { name: stream },
    attributes,
    sentAt: sentAtOf(id),
  });
}

function fieldsOf(entry: readonly unknown[]): RedisFields | undefined {
  return Array.isArray(entry[1]) ? (entry[1] as RedisFields) : undefined;
}

/** An id begins with the server's time, unless the writer gave it (`1-0`): a number that would be before 2001 is no time. */
function sentAtOf(id: string): number | undefined {
  const ms = Number(id.split('-', 1)[0]);
  return ms >= 1e12 && ms < 1e15 ? ms : undefined;
}
