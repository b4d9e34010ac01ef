// Traces sends: XADD.
import type { Attributes, Context } from '@opentelemetry/api';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { ATTR_MESSAGE_ID, noOperation, type Operation, startSending } from '../messaging/index.ts';
import { fieldsOfXadd, text } from './arguments.ts';
import type { Connection } from './connection.ts';
import { redisErrorType } from './error-type.ts';
import { restoreArguments } from './passed-on.ts';
import type { Command, StreamCall } from './types.ts';

/** A send of one message, whose context is appended to its fields. @internal */
export class SendingCall implements StreamCall {
  readonly #connection: Connection;
  readonly #command: Command;
  readonly #parent: Context;
  /** The arguments without the trace fields. */
  readonly #given: readonly unknown[];
  #operation: Operation;

  constructor(connection: Connection, command: Command, parent: Context) {
    this.#connection = connection;
    this.#command = command;
    this.#parent = parent;
    this.#given = command.args;
    this.#operation = noOperation(parent);
  }

  send(): Context {
    const { tracing, server } = this.#connection;
    const { args } = this.#command;
    const start = fieldsOfXadd(args);
    const id = start === undefined ? undefined : text(args[start - 1]);
    const attributes: Attributes = {};
    if (id !== undefined && !id.endsWith('*')) attributes[ATTR_MESSAGE_ID] = fullId(id);
    const { operation, headers } = startSending<RedisFields>(
      tracing.messaging,
      redisFields,
      { name: 'xadd', attributes: server },
      [
        {
          destination: { name: text(args[0]) },
          headers: start === undefined ? undefined : (args.slice(start) as RedisFields),
          attributes,
          readOnlyHeaders: start === undefined,
        },
      ],
      this.#parent,
    );
    this.#operation = operation;
    this.#connection.track(operation);
    const [fields] = headers;
    if (fields !== undefined) this.#command.args = args.slice(0, start).concat(fields);
    return operation.context;
  }

  succeed(reply: unknown): void {
    // With NOMKSTREAM, and no stream, the reply is null: nothing was added.
    if (reply === null) {
      this.#operation.leave();
      return;
    }
    this.#operation.set(() => ({ [ATTR_MESSAGE_ID]: text(reply) }));
    this.#operation.end();
  }

  fail(error: unknown, type: string = redisErrorType(error)): void {
    this.#operation.fail(error, type);
  }

  /** Errors of ioredis contain the arguments of the command. */
  clean(error: unknown): void {
    restoreArguments(error, this.#command, this.#given);
  }

  leave(): void {
    this.#operation.leave();
  }
}

function fullId(id: string): string {
  return id.includes('-') ? id : `${id}-0`;
}
