// Traces settlements: XACK.
import type { Attributes, Context, Link } from '@opentelemetry/api';
import {
  ATTR_BATCH_MESSAGE_COUNT,
  ATTR_MESSAGE_ID,
  type LinkedMessage,
  linksTo,
  noOperation,
  startSettlingLinked,
} from '../messaging/index.ts';
import { text } from './arguments.ts';
import type { Connection } from './connection.ts';
import { StreamCall } from './stream-call.ts';
import type { Command } from './types.ts';

/** A settlement, which links the entries that this client or one of its duplicates has received. @internal */
export class SettlingCall extends StreamCall {
  readonly #args: readonly unknown[];

  constructor(connection: Connection, command: Command, parent: Context) {
    super(connection, parent);
    this.#args = command.args;
  }

  start(): Context {
    const { tracing } = this.connection;
    const { messaging } = tracing;
    if (!messaging.recordsSettlement(this.context)) {
      tracing.forget(this.#args);
      if (messaging.observesSettlement(this.context)) this.#measure();
      return this.context;
    }
    const [stream = '', group = '', ...ids] = this.#args.map(text);
    const settled: LinkedMessage[] = [];
    for (const id of ids) {
      const known = tracing.settle(stream, group, id);
      if (known !== undefined) settled.push(known);
    }
    const own: Attributes =
      ids.length === 1 ? { [ATTR_MESSAGE_ID]: ids[0] } : { [ATTR_BATCH_MESSAGE_COUNT]: ids.length };
    const attributes = this.connection.ofGroup(group);
    this.operation = startSettlingLinked(
      messaging,
      { name: 'xack', destination: { name: stream }, attributes, own },
      () => linksToKnown(settled),
      this.context,
    );
    this.connection.track(this.operation);
    return this.operation.context;
  }

  /** Counts and times a settlement without a span: its entries need not be looked up. */
  #measure(): void {
    const { tracing } = this.connection;
    const destination = { name: text(this.#args[0]) };
    const attributes = this.connection.ofGroup(text(this.#args[1]));
    const measurement = tracing.messaging.measurer.start('xack', 'settle', destination, attributes);
    this.operation = noOperation(this.context, measurement);
    this.connection.track(this.operation);
  }

  succeeded(): void {
    this.operation?.end();
  }
}

/** A single link has no attributes: those of its message are set on the span. */
function linksToKnown(settled: readonly LinkedMessage[]): Link[] {
  const links = linksTo(settled, false);
  return links.length === 1 ? [{ context: links[0]!.context }] : links;
}
