import type { Context } from '@opentelemetry/api';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_CONSUMER_GROUP_NAME,
  ATTR_MESSAGE_ID,
  noOperation,
  type Operation,
  startSettling,
} from '../messaging/index.ts';
import { text } from './arguments.ts';
import { redisErrorType } from './error-type.ts';
import type { Connection, StreamCall } from './tracing.ts';
import type { Command } from './types.ts';

/** XACK: a settlement that links the entries which this client, or a duplicate of it, was given. @internal */
export class XackCall implements StreamCall {
  readonly #connection: Connection;
  readonly #args: readonly unknown[];
  readonly #parent: Context;
  #operation: Operation;

  constructor(connection: Connection, command: Command, parent: Context) {
    this.#connection = connection;
    this.#args = command.args;
    this.#parent = parent;
    this.#operation = noOperation(parent);
  }

  send(): Context {
    const { tracing, server } = this.#connection;
    const [stream = '', group = '', ...ids] = this.#args.map(text);
    const settled = ids.flatMap((id) => tracing.settle(stream, group, id) ?? []);
    this.#operation = startSettling(
      tracing.messaging,
      {
        name: 'xack',
        destination: { name: stream },
        attributes: {
          [ATTR_CONSUMER_GROUP_NAME]: group,
          ...(ids.length === 1 ? { [ATTR_MESSAGE_ID]: ids[0] } : { [ATTR_BATCH_MESSAGE_COUNT]: ids.length }),
          ...server,
        },
      },
      settled,
      this.#parent,
    );
    return this.#operation.context;
  }

  succeed(): void {
    this.#operation.end();
  }

  fail(error: unknown, type: string = redisErrorType(error)): void {
    this.#operation.fail(error, type);
  }

  leave(): void {
    this.#operation.end();
  }
}
