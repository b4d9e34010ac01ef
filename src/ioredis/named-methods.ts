// Traces a client without sendCommand: a mock (ioredis-mock) that runs commands itself.
import { activeContext, guard, isEagerPromise, replaceMethod, runInContext } from '../messaging/index.ts';
import type { Connection } from './connection.ts';
import { callOf } from './tracked-command.ts';
import type { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

const commands = ['xadd', 'xack', 'xread', 'xreadgroup', 'xclaim', 'xautoclaim', 'xrange', 'xrevrange', 'xinfo'];

/**
 * Traces the stream methods of a client by their names. Commands of its pipelines and transactions are not traced.
 *
 * @internal
 */
export function traceByName(redis: object, connection: Connection): void {
  // A method that is implemented by another one (xaddBuffer by xadd) is one operation.
  let inside = false;
  for (const name of commands) {
    for (const method of [name, `${name}Buffer`]) {
      replaceMethod(
        redis,
        method,
        (raw) =>
          function traced(this: object, ...given: unknown[]): unknown {
            const call = inside ? undefined : guard('tracing a Redis command', () => begin(connection, name, given));
            if (call === undefined) return raw.apply(this, given);
            return call.run((args) => {
              inside = true;
              try {
                return raw.apply(this, args);
              } finally {
                inside = false;
              }
            });
          },
      );
    }
  }
}

function begin(connection: Connection, name: string, given: unknown[]): NamedCall | undefined {
  const last = given.at(-1);
  const callback = typeof last === 'function' ? (last as Callback) : undefined;
  // ioredis' Command flattens arguments in the same way.
  const args = (callback === undefined ? given : given.slice(0, -1)).flat();
  const command = { name, args } as unknown as Command;
  const call = callOf(connection, command, activeContext());
  return call === undefined ? undefined : new NamedCall(call, command, given, callback);
}

type Callback = (this: unknown, error: unknown, reply: unknown) => unknown;

/** One call of a stream method. */
class NamedCall {
  readonly #call: StreamCall;
  readonly #command: Command;
  readonly #given: unknown[];
  readonly #callback: Callback | undefined;

  constructor(call: StreamCall, command: Command, given: unknown[], callback: Callback | undefined) {
    this.#call = call;
    this.#command = command;
    this.#given = given;
    this.#callback = callback;
  }

  run(raw: (args: unknown[]) => unknown): unknown {
    const unchanged = this.#command.args;
    const context = guard('tracing a Redis command', () => this.#call.start(this.#command));
    const callback = this.#callback;
    let args = this.#given;
    if (this.#command.args !== unchanged)
      args = callback === undefined ? this.#command.args : [...this.#command.args, callback];
    if (callback !== undefined) args = [...args.slice(0, -1), this.#watched(callback)];
    let result: unknown;
    try {
      result = context === undefined ? raw(args) : runInContext(context, () => raw(args));
    } catch (error) {
      this.#fail(error);
      throw error;
    }
    if (callback !== undefined) return result;
    if (!isEagerPromise(result)) return this.#succeed(result);
    return result.then(
      (reply) => this.#succeed(reply),
      (error: unknown) => {
        this.#fail(error);
        throw error;
      },
    );
  }

  #watched(callback: Callback): Callback {
    // oxlint-disable-next-line typescript/no-this-alias -- the callback keeps its own `this`
    const call = this;
    return function (this: unknown, error: unknown, reply: unknown): unknown {
      if (error === null || error === undefined) return callback.call(this, error, call.#succeed(reply));
      call.#fail(error);
      return callback.call(this, error, reply);
    };
  }

  /** Returns the reply for the application: a copy, since a mock may return what it stores, and trace fields are hidden in it. */
  #succeed(reply: unknown): unknown {
    const copy = copyOfArrays(reply);
    guard('tracing a Redis reply', () => this.#call.succeeded(copy));
    return copy;
  }

  #fail(error: unknown): void {
    guard('tracing a Redis reply', () => {
      this.#call.clean(error, this.#command);
      this.#call.failed(error);
    });
  }
}

function copyOfArrays(reply: unknown): unknown {
  return Array.isArray(reply) ? reply.map(copyOfArrays) : reply;
}
