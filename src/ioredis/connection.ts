// Holds the attributes of server and client, and the operations that wait for a reply.
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_CONSUMER_GROUP_NAME,
  guard,
  mergeAttributes,
  OpenOperations,
  type Operation,
  replaceMethod,
  serverAttributes,
} from '../messaging/index.ts';
import { connectionClosed } from './error-type.ts';
import type { MeasuredCall } from './measured-call.ts';
import type { StreamTracing } from './state.ts';
import type { Client } from './types.ts';

/** One wrapped client: its server, and the operations that wait for a reply. @internal */
export class Connection {
  readonly tracing: StreamTracing;
  readonly client: Client;
  readonly server: Attributes;
  /** The client's own `duplicate`, which traces nothing. */
  duplicate: ((...args: unknown[]) => object) | undefined;
  /** The group that was asked for last. */
  #group: { readonly name: string; readonly attributes: Attributes } | undefined;
  /** Operations whose command was written to the server. */
  readonly #written = new OpenOperations<Operation | MeasuredCall>();
  /** Operations whose command waits for the connection. */
  readonly #waiting = new OpenOperations<Operation | MeasuredCall>();

  constructor(tracing: StreamTracing, client: Client) {
    this.tracing = tracing;
    this.client = client;
    this.server = serverOf(client);
    this.#followLostReplies();
    this.#followDisconnect();
  }

  /** The attributes of the server and a consumer group: the same object for the same group, so that its series are found fast. */
  ofGroup(group: string): Attributes {
    if (this.#group?.name !== group) {
      this.#group = { name: group, attributes: mergeAttributes(this.server, { [ATTR_CONSUMER_GROUP_NAME]: group }) };
    }
    return this.#group.attributes;
  }

  /** Keeps an operation until it ends, because ioredis does not settle every command. */
  track(operation: Operation | MeasuredCall): void {
    operation.track(this.client.status === 'ready' ? this.#written : this.#waiting);
  }

  /** With `autoResendUnfulfilledCommands: false`, ioredis never settles commands whose connection closed before their reply. */
  #followLostReplies(): void {
    const { client } = this;
    if (client.options?.autoResendUnfulfilledCommands !== false || typeof client.on !== 'function') return;
    let lost: (Operation | MeasuredCall)[] = [];
    client.on('close', () => lost.push(...this.#written));
    client.on('end', () => this.#failAll());
    client.on('ready', () => {
      fail(lost);
      lost = [];
      for (const operation of this.#waiting) operation.track(this.#written);
    });
  }

  /** `disconnect()` while a client waits to reconnect: ioredis never settles the commands in its queues. */
  #followDisconnect(): void {
    const { client } = this;
    const failAll = (): void => this.#failAll();
    replaceMethod(
      client,
      'disconnect',
      (raw) =>
        function disconnect(this: object, ...args: unknown[]): unknown {
          const lost = client.status === 'reconnecting' && args[0] !== true;
          const result = raw.apply(this, args);
          if (lost) guard('ending spans of a closed client', failAll);
          return result;
        },
    );
  }

  #failAll(): void {
    fail([...this.#written, ...this.#waiting]);
  }
}

function fail(operations: readonly (Operation | MeasuredCall)[]): void {
  for (const operation of operations) operation.fail(new Error(connectionClosed), 'CONNECTION_CLOSED');
}

/** The server of a client. With a Cluster or sentinels it changes, so it is not set. */
function serverOf({ isCluster, options = {} }: Client): Attributes {
  if (isCluster === true || options.sentinels) return {};
  if (typeof options.path === 'string') return serverAttributes(options.path, undefined);
  return serverAttributes(typeof options.host === 'string' ? options.host : undefined, Number(options.port));
}
