// Handles queries: XRANGE, XREVRANGE, XINFO STREAM.
import type { Context } from '@opentelemetry/api';
import { text } from './arguments.ts';
import type { Connection } from './connection.ts';
import { EntrySource } from './entry-source.ts';
import { hiddenNames, showEntry } from './message.ts';
import { entriesOfList, entriesOfStreamInfo } from './replies.ts';
import { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/** XRANGE, XREVRANGE and XINFO STREAM: queries, which have no span. Their entries are returned without trace fields. @internal */
export class QueryingCall extends StreamCall {
  readonly #name: string;
  readonly #args: readonly unknown[];

  constructor(connection: Connection, name: string, command: Command, parent: Context) {
    super(connection, parent);
    this.#name = name;
    this.#args = command.args;
  }

  start(): Context {
    return this.context;
  }

  succeeded(reply: unknown): void {
    const { tracing, server } = this.connection;
    const info = this.#name === 'xinfo';
    const stream = text(this.#args[info ? 1 : 0]);
    const { entries } = info ? entriesOfStreamInfo(reply, stream) : entriesOfList(reply, stream);
    const source = new EntrySource(tracing, { name: stream }, { attributes: server });
    const names = hiddenNames(tracing);
    for (const entry of entries) showEntry(source, entry, names);
  }
}
