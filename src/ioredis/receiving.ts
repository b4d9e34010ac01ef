// Traces commands that receive entries: XREAD, XREADGROUP, XCLAIM, XAUTOCLAIM.
import { type Attributes, type Context, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed } from '../common/suppression.ts';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  measureBatch,
  type Operation,
  OperationClock,
  startBatch,
  startOperation,
} from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { Connection } from './connection.ts';
import { ReadRequest, EntrySource } from './entry-source.ts';
import { connectionClosed, redisErrorType } from './error-type.ts';
import { EntryReader, type ReceivedMessage } from './message.ts';
import { claimedByXautoclaim, countOfIds, entriesOfList, entriesOfRead, type StreamEntries } from './replies.ts';
import { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/** A command that reads or claims entries. It has a span if it returns messages or fails, and none for an empty poll. @internal */
export class ReceivingCall extends StreamCall {
  readonly #name: string;
  readonly #asked: ReadRequest;
  /** Whether it is neither recorded nor counted. */
  #skips = false;
  #startedAt: OperationClock | undefined;

  constructor(connection: Connection, name: string, command: Command, parent: Context) {
    super(connection, parent);
    this.#name = name;
    this.#asked = new ReadRequest(name, command.args, connection.server);
  }

  start(): Context {
    const { messaging, lag } = this.connection.tracing;
    if (metricsEpoch() !== 0 && lag !== undefined) {
      const { group, streams } = this.#asked.group;
      if (group !== undefined) lag.note(this.connection, group, streams);
    }
    this.#skips = metricsEpoch() === 0 && messaging.shouldSkipLeaf(this.context);
    if (!this.#skips) this.#startedAt = new OperationClock();
    return this.context;
  }

  succeeded(reply: unknown): void {
    const incoming = this.#receive(reply);
    if (incoming.length > 0) {
      if (this.#name !== 'xread') {
        this.connection.tracing.remember(this.#asked, incoming, this.context, this.#name === 'xreadgroup');
      }
      if (this.#skips) return;
      const { messaging } = this.connection.tracing;
      if (messaging.shouldSkipLeaf(this.context)) {
        this.#measure(incoming);
        return;
      }
      const description = { name: this.#name, type: 'receive', attributes: this.#asked.attributes } as const;
      startBatch(messaging, description, incoming, this.context, this.#startedAt).end();
      return;
    }
    if (this.#skips || !this.#name.endsWith('claim')) return;
    const ids = countOfIds(this.#name === 'xautoclaim' ? claimedByXautoclaim(reply) : reply);
    if (ids > 0) this.#start({ [ATTR_BATCH_MESSAGE_COUNT]: ids })?.end();
  }

  /** Counts and times a read without a span. */
  #measure(incoming: readonly ReceivedMessage[]): void {
    const { group } = this.#asked.group;
    const { server, tracing } = this.connection;
    const attributes = group === undefined ? server : this.connection.ofGroup(group);
    const description = { name: this.#name, type: 'receive', attributes } as const;
    measureBatch(tracing.messaging, description, incoming, this.context, this.#startedAt)?.end(undefined, undefined);
  }

  #receive(reply: unknown): ReceivedMessage[] {
    const { tracing } = this.connection;
    const incoming: ReceivedMessage[] = [];
    const streams = this.#entries(reply);
    if (streams.length === 0) return incoming;
    const reader = new EntryReader(tracing);
    for (const { stream, entries } of streams) {
      const source = new EntrySource(tracing, { name: stream }, this.#asked);
      for (const entry of entries) {
        const message = reader.receive(entry, source);
        if (message !== undefined) incoming.push(message);
      }
    }
    return incoming;
  }

  override failed(error: unknown, type: string = redisErrorType(error)): void {
    // A read that is pending when the application ends its client has not failed.
    if (type === 'CONNECTION_CLOSED' && isEnding(error, this.connection.client.status)) return;
    this.#start({})?.fail(error, type);
  }

  #entries(reply: unknown): StreamEntries[] {
    if (this.#name.startsWith('xread')) return entriesOfRead(reply);
    const [stream = ''] = this.#asked.group.streams;
    return [entriesOfList(this.#name === 'xclaim' ? reply : claimedByXautoclaim(reply), stream)];
  }

  /** Starts an operation without messages. */
  #start(more: Attributes): Operation | undefined {
    if (isTracingSuppressed(this.context)) return undefined;
    const [stream, ...others] = this.#asked.group.streams;
    const destination = stream === undefined || others.length > 0 ? undefined : { name: stream };
    const { attributes } = this.#asked;
    const { messaging } = this.connection.tracing;
    return startOperation(
      this.connection.tracing.messaging,
      {
        name: this.#name,
        type: 'receive',
        attributes,
        own: more,
        destination,
      },
      {
        kind: SpanKind.CLIENT,
        parent: this.context,
        startedAt: this.#startedAt,
        measurement: messaging.measurer.start(this.#name, 'receive', destination, attributes, this.#startedAt),
      },
    );
  }
}

function isEnding(error: unknown, status: string): boolean {
  return (error as Error).message === connectionClosed && ['end', 'close', 'disconnecting'].includes(status);
}
