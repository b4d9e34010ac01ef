// Receiving: XREAD, XREADGROUP, XCLAIM, XAUTOCLAIM.
import { type Attributes, type Context, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed } from '../common/suppression.ts';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_CLIENT_ID,
  ATTR_CONSUMER_GROUP_NAME,
  mergeAttributes,
  type Operation,
  OperationClock,
  startBatch,
  startOperation,
} from '../messaging/index.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { argumentsOfClaim, argumentsOfRead, type GroupArguments } from './arguments.ts';
import type { Connection } from './connection.ts';
import { connectionClosed, redisErrorType } from './error-type.ts';
import { hiddenNames, type ReceivedMessage, receiveEntry } from './message.ts';
import { claimedByXautoclaim, countOfIds, entriesOfClaim, entriesOfRead, type ReplyEntry } from './replies.ts';
import type { Command, StreamCall } from './types.ts';

/** A command that reads or claims entries. It has a span if it returns messages or fails, and none for an empty poll. @internal */
export class ReceivingCall implements StreamCall {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #parent: Context;
  readonly #asked: GroupArguments;
  #startedAt: OperationClock | undefined;

  constructor(connection: Connection, name: string, command: Command, parent: Context) {
    this.#connection = connection;
    this.#name = name;
    this.#parent = parent;
    this.#asked = name.startsWith('xread') ? argumentsOfRead(command.args) : argumentsOfClaim(command.args);
  }

  send(): Context {
    const { messaging } = this.#connection.tracing;
    if (metricsEpoch() !== 0 || !messaging.shouldSkip(this.#parent)) this.#startedAt = new OperationClock();
    return this.#parent;
  }

  succeed(reply: unknown): void {
    const { tracing } = this.#connection;
    const { group, noAck } = this.#asked;
    const attributes = this.#attributes();
    const names = hiddenNames(tracing);
    const incoming: ReceivedMessage[] = [];
    for (const entry of this.#entries(reply)) {
      const message = receiveEntry(tracing, entry, attributes, names);
      if (message === undefined) continue;
      incoming.push(message);
    }
    // With NOACK an entry is acknowledged by being read; no XACK follows.
    if (group !== undefined && !noAck && incoming.length > 0) tracing.remember(group, incoming);
    if (incoming.length > 0) {
      const description = { name: this.#name, type: 'receive', attributes } as const;
      startBatch(tracing.messaging, description, incoming, this.#parent, this.#startedAt).end();
      return;
    }
    const ids = countOfIds(this.#name === 'xautoclaim' ? claimedByXautoclaim(reply) : reply);
    if (ids > 0 && this.#name.endsWith('claim')) this.#start({ [ATTR_BATCH_MESSAGE_COUNT]: ids })?.end();
  }

  fail(error: unknown, type: string = redisErrorType(error)): void {
    // A read that is pending when the application ends its client has not failed.
    if (type === 'CONNECTION_CLOSED' && isEnding(error, this.#connection.client.status)) return;
    this.#start({})?.fail(error, type);
  }

  leave(): void {}

  #entries(reply: unknown): ReplyEntry[] {
    const [stream = ''] = this.#asked.streams;
    if (this.#name === 'xclaim') return entriesOfClaim(reply, stream);
    if (this.#name === 'xautoclaim') return entriesOfClaim(claimedByXautoclaim(reply), stream);
    return entriesOfRead(reply);
  }

  /** The attributes of every message of the reply, and of the operation. */
  #attributes(): Attributes {
    const { group, consumer } = this.#asked;
    const attributes: Attributes = {};
    if (group !== undefined) attributes[ATTR_CONSUMER_GROUP_NAME] = group;
    if (consumer !== undefined) attributes[ATTR_CLIENT_ID] = consumer;
    return mergeAttributes(attributes, this.#connection.server);
  }

  /** Starts an operation without messages. */
  #start(more: Attributes): Operation | undefined {
    if (isTracingSuppressed(this.#parent)) return undefined;
    const [stream, ...others] = this.#asked.streams;
    const destination = stream === undefined || others.length > 0 ? undefined : { name: stream };
    const attributes = this.#attributes();
    const { messaging } = this.#connection.tracing;
    const described = { name: this.#name, type: 'receive', destination, attributes } as const;
    return startOperation(
      this.#connection.tracing.messaging,
      {
        name: this.#name,
        type: 'receive',
        attributes: mergeAttributes(attributes, more),
        destination,
      },
      {
        kind: SpanKind.CLIENT,
        parent: this.#parent,
        startedAt: this.#startedAt,
        measurement: messaging.measurer.start(described, this.#startedAt),
      },
    );
  }
}

function isEnding(error: unknown, status: string): boolean {
  return (error as Error).message === connectionClosed && ['end', 'close', 'disconnecting'].includes(status);
}
