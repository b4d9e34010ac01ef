// Traces sends: XADD.
import type { Context } from '@opentelemetry/api';
import { redisFields, type RedisFields } from '../../carriers/redis-fields.ts';
import { ATTR_MESSAGE_ID, measurePassedOn, noOperation, startSending } from '../messaging/index.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import { fieldsOfXadd, text } from './arguments.ts';
import type { Connection } from './connection.ts';
import { addTraceFields, addTraceFieldsAgain, restoreArguments, setFields } from './passed-on.ts';
import { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/** A send of one message, whose context is appended to its fields. @internal */
export class SendingCall extends StreamCall {
  /** The arguments without the trace fields, while the command has others; null if it had others; undefined if it never has. */
  protected given: readonly unknown[] | null | undefined = undefined;

  start(command: Command): Context {
    const { tracing, server } = this.connection;
    const { args } = command;
    const start = fieldsOfXadd(args);
    const id = start === undefined ? undefined : text(args[start - 1]);
    const { operation, headers } = startSending<RedisFields>(
      tracing.messaging,
      redisFields,
      { name: 'xadd', attributes: server },
      [
        {
          destination: { name: text(args[0]) },
          headers: start === undefined ? undefined : (args.slice(start) as RedisFields),
          attributes: id === undefined || id.endsWith('*') ? undefined : { [ATTR_MESSAGE_ID]: fullId(id) },
          readOnlyHeaders: start === undefined,
        },
      ],
      this.context,
    );
    this.operation = operation;
    this.connection.track(operation);
    const [fields] = headers;
    if (fields !== undefined) this.given = setFields(command, start!, fields);
    return operation.context;
  }

  protected override startAgain(command: Command): void {
    if (this.operation === undefined || this.given !== null) return;
    this.given = addTraceFieldsAgain(command, this.connection.tracing.messaging, this.operation.context) ?? null;
  }

  /** As for a command without a span, the fields stay only in a command of a Cluster, which writes it at any time. */
  override written(command: Command): void {
    if (this.given == null || this.connection.client.isCluster === true) return;
    command.args = this.given as unknown[];
    this.given = null;
  }

  succeeded(reply: unknown): void {
    const operation = this.operation;
    // With NOMKSTREAM, and no stream, the reply is null: nothing was added.
    if (reply === null) {
      operation?.leave();
      return;
    }
    if (typeof reply !== 'string') operation?.set(() => ({ [ATTR_MESSAGE_ID]: text(reply) }));
    else if (operation?.isRecording) operation.put(ATTR_MESSAGE_ID, reply);
    operation?.end();
  }

  /** Errors of ioredis contain the arguments of the command. */
  override clean(error: unknown, command: Command): void {
    if (this.given != null) restoreArguments(error, command, this.given);
  }
}

/** A send without a span, which is only measured. @internal */
export class MeasuredSendingCall extends SendingCall {
  readonly #passedOn: CarriedHeaders;

  constructor(connection: Connection, parent: Context, passedOn: CarriedHeaders) {
    super(connection, parent);
    this.#passedOn = passedOn;
  }

  override start(command: Command): Context {
    const { tracing, server } = this.connection;
    const destination = { name: text(command.args[0]) };
    const light = measurePassedOn(tracing.messaging, 'xadd', destination, server, this.context);
    this.operation = light?.toOperation() ?? noOperation(this.context);
    this.connection.track(this.operation);
    this.given = addTraceFields(command, this.#passedOn);
    return this.context;
  }
}

function fullId(id: string): string {
  return id.includes('-') ? id : `${id}-0`;
}
