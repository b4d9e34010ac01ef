import { type Attributes, type Context, SpanKind } from '@opentelemetry/api';
import { isTracingSuppressed } from '../common/suppression.ts';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_CLIENT_ID,
  ATTR_CONSUMER_GROUP_NAME,
  type OperationDescription,
  startBatch,
  startOperation,
  OperationClock,
} from '../messaging/index.ts';
import { argumentsOfClaim, argumentsOfRead, type GroupArguments } from './arguments.ts';
import { connectionClosed, redisErrorType } from './error-type.ts';
import { claimedByXautoclaim, countOfIds, entriesOfClaim, entriesOfRead, type ReplyEntry } from './replies.ts';
import type { Connection, StreamCall } from './tracing.ts';
import type { Command } from './types.ts';

/** XREAD, XREADGROUP, XCLAIM, XAUTOCLAIM: a span for those that gave messages or failed, none for an empty poll. @internal */
export class ReceiveCall implements StreamCall {
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
    this.#startedAt = new OperationClock();
    return this.#parent;
  }

  succeed(reply: unknown): void {
    const { tracing } = this.#connection;
    const { group } = this.#asked;
    const description = this.#description();
    const entries = this.#entries(reply);
    const incoming = entries
      .map((entry) => tracing.receive(entry, description.attributes))
      .filter((message) => message !== undefined);
    if (group !== undefined) for (const message of incoming) tracing.remember(group, message);
    if (incoming.length > 0) {
      startBatch(tracing.messaging, description, incoming, this.#parent, this.#startedAt).end();
      return;
    }
    const ids = countOfIds(this.#name === 'xautoclaim' ? claimedByXautoclaim(reply) : reply);
    if (ids > 0 && this.#name.endsWith('claim')) this.#start({ [ATTR_BATCH_MESSAGE_COUNT]: ids })?.end();
  }

  fail(error: unknown, type: string = redisErrorType(error)): void {
    // Reading until the application ends its client is no failure.
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

  #description(): { name: string; type: 'receive'; attributes: Attributes } {
    const { group, consumer } = this.#asked;
    return {
      name: this.#name,
      type: 'receive',
      attributes: {
        ...(group !== undefined && { [ATTR_CONSUMER_GROUP_NAME]: group }),
        ...(consumer !== undefined && { [ATTR_CLIENT_ID]: consumer }),
        ...this.#connection.server,
      },
    };
  }

  /** A span that no message tells of. */
  #start(more: Attributes): ReturnType<typeof startOperation> | undefined {
    if (isTracingSuppressed(this.#parent)) return undefined;
    const [stream, ...others] = this.#asked.streams;
    const { attributes, ...rest } = this.#description();
    const description: OperationDescription = {
      ...rest,
      attributes: { ...attributes, ...more },
      destination: stream === undefined || others.length > 0 ? undefined : { name: stream },
    };
    return startOperation(this.#connection.tracing.messaging, description, {
      kind: SpanKind.CLIENT,
      parent: this.#parent,
      startedAt: this.#startedAt,
    });
  }
}

function isEnding(error: unknown, status: string): boolean {
  return (error as Error).message === connectionClosed && ['end', 'close', 'disconnecting'].includes(status);
}
