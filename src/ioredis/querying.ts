// Handles queries: XRANGE, XREVRANGE, XINFO STREAM.
import type { Context } from '@opentelemetry/api';
import { text } from './arguments.ts';
import type { Connection } from './connection.ts';
import { EntrySource } from './entry-source.ts';
import { hiddenNames, showEntry } from './message.ts';
import { entriesOfList, entriesOfStreamInfo } from './replies.ts';
import type { Command, StreamCall } from './types.ts';

/** XRANGE, XREVRANGE and XINFO STREAM: queries, which have no span. Their entries are returned without trace fields. @internal */
export class QueryingCall implements StreamCall {
  readonly #connection: Connection;
  readonly #name: string;
  readonly #args: readonly unknown[];
  readonly #parent: Context;

  constructor(connection: Connection, name: string, command: Command, parent: Context) {
    this.#connection = connection;
    this.#name = name;
    this.#args = command.args;
    this.#parent = parent;
  }

  send(): Context {
    return this.#parent;
  }

  succeed(reply: unknown): void {
    const { tracing, server } = this.#connection;
    const info = this.#name === 'xinfo';
    const stream = text(this.#args[info ? 1 : 0]);
    const { entries } = info ? entriesOfStreamInfo(reply, stream) : entriesOfList(reply, stream);
    const source = new EntrySource(tracing, { name: stream }, { attributes: server });
    const names = hiddenNames(tracing);
    for (const entry of entries) showEntry(source, entry, names);
  }

  fail(): void {}

  leave(): void {}
}
