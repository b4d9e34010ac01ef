// Implements processMessage(): processes one stream entry.
import { checkFunction } from '../common/check-options.ts';
import type { RedisFields } from '../../carriers/redis-fields.ts';
import { reportFault } from '../common/faults.ts';
import {
  activeContext,
  callStarted,
  type Operation,
  startProcessingLightly,
  type Unsampled,
} from '../messaging/index.ts';
import { EntrySource } from './entry-source.ts';
import { ReceivedMessage } from './message.ts';
import { type ReceivedEntry, receivedEntries, StreamTracing } from './state.ts';
import type { StreamEntryLike } from './types.ts';

let elsewhere: EntrySource | undefined;

/**
 * Processes one stream entry: runs `fn` within a CONSUMER span that continues the entry's trace, with the entry's baggage active.
 * The span ends when `fn` returns or throws, or when the promise that it returns settles.
 *
 * @param entry - `[id, fields]`: the same array that a traced client returned. Any other entry is read as well, but its stream is not
 *   known.
 * @param fn - called with the entry.
 * @returns what `fn` returns.
 */
export function processMessage<E extends StreamEntryLike, R>(entry: E, fn: (entry: E) => R): R {
  checkFunction('processMessage(entry, fn)', fn);
  const ambient = activeContext();
  let started: Operation | Unsampled = ambient;
  try {
    const { source, incoming } = receivedEntries.get(entry) ?? fromElsewhere(entry);
    started = startProcessingLightly(source.tracing.messaging, source, incoming, ambient, 'read');
  } catch (error) {
    reportFault('processMessage', error);
  }
  return callStarted(started, fn, entry);
}

function fromElsewhere(entry: StreamEntryLike): ReceivedEntry {
  elsewhere ??= new EntrySource(new StreamTracing({}), undefined, { attributes: {} });
  return new ReceivedMessage(elsewhere, entry, Array.isArray(entry[1]) ? (entry[1] as RedisFields) : undefined);
}
