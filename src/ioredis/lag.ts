// Reads the lag of consumer groups from the server, and the number of unacknowledged entries.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import { suppressTracing } from '../common/suppression.ts';
import { ATTR_CONSUMER_GROUP_NAME, lagAttributes, mergeAttributes, runInContext } from '../messaging/index.ts';
import { consumerLag, consumerPending, type Observer } from '../metrics/instruments.ts';
import { observeLevels } from '../metrics/levels.ts';
import type { Connection } from './connection.ts';

type Note = Parameters<Observer>[0];

/** The part of an ioredis client that is used. */
interface Asking {
  on(event: 'error', listener: () => void): unknown;
  connect(): Promise<unknown>;
  call(command: string, ...args: string[]): Promise<unknown>;
  disconnect(): void;
}

interface Group {
  readonly stream: string;
  readonly group: string;
  /** The client that reads the stream. */
  readonly connection: Connection;
}

/** The maximum number of groups that are read. */
const maxGroups = 1000;
/** The time limit for one response of the server. */
const commandTimeout = 3000;

/** It does not retry if the server does not respond: the next collection reads again. Stream names include their prefix. */
const ofOneServer = {
  lazyConnect: true,
  keyPrefix: '',
  retryStrategy: (): null => null,
  maxRetriesPerRequest: 0,
  connectTimeout: commandTimeout,
  commandTimeout,
  enableAutoPipelining: false,
};
const ofCluster = {
  lazyConnect: true,
  keyPrefix: '',
  clusterRetryStrategy: (): null => null,
  redisOptions: ofOneServer,
};

/**
 * The lag of the groups that a client and its duplicates read. It uses a separate, short-lived connection, because the
 * application's connection may be in a blocking command.
 */
export class GroupLag {
  readonly #groups = new RecentMap<string, Group>(maxGroups);
  #stop: (() => void) | undefined;

  /** Registers a stream that a client reads for a group. */
  note(connection: Connection, group: string, streams: readonly string[]): void {
    for (const stream of streams) {
      this.#groups.set(`${stream.length} ${stream}${group}`, { stream, group, connection });
    }
    this.#stop ??= observeLevels((note) => this.#observe(note));
  }

  #observe(note: Note): Promise<void> | void {
    const byClient = new Map<Connection, Group[]>();
    for (const [key, group] of this.#groups.entries()) {
      const { connection } = group;
      if (connection.client.status === 'end') this.#groups.delete(key);
      else byClient.set(connection, [...(byClient.get(connection) ?? []), group]);
    }
    if (byClient.size > 0) {
      return Promise.all(Array.from(byClient, ([connection, groups]) => poll(connection, groups, note))).then(() => {});
    }
    this.#stop?.();
    this.#stop = undefined;
  }
}

function poll(connection: Connection, groups: readonly Group[], note: Note): Promise<void> {
  return runInContext(suppressTracing(ROOT_CONTEXT), async () => {
    const { client } = connection;
    const duplicate = connection.duplicate;
    if (duplicate === undefined) return;
    const asking = (client.isCluster === true ? duplicate([], ofCluster) : duplicate(ofOneServer)) as Asking;
    asking.on('error', () => {});
    try {
      await asking.connect();
      await Promise.all(groups.map((group) => ask(asking, group, note)));
    } finally {
      asking.disconnect();
    }
  });
}

async function ask(asking: Asking, { stream, group, connection }: Group, note: Note): Promise<void> {
  const [length, groups] = await Promise.all([
    asking.call('XLEN', stream),
    asking.call('XINFO', 'GROUPS', stream),
  ]).catch((error: unknown) => {
    // A deleted stream has no groups, and a key of another type is not a stream.
    if (/no such key|WRONGTYPE/.test(String(error))) return [0, []];
    throw error;
  });
  const facts = (Array.isArray(groups) ? groups : []).map(fieldsOf).find(({ name }) => String(name) === group);
  if (facts === undefined) return;
  const { tracing, server } = connection;
  const attributes = lagAttributes(
    tracing.messaging,
    stream,
    mergeAttributes(server, { [ATTR_CONSUMER_GROUP_NAME]: group }),
  );
  const pending = numberOf(facts['pending']);
  if (pending !== undefined) note({ definition: consumerPending, attributes, value: pending }, true);
  // Redis before 7.0 has no lag, and it is null if deleted entries make it unknown. Deleted entries may be counted.
  const lag = numberOf(facts['lag']);
  if (lag !== undefined) {
    note({ definition: consumerLag, attributes, value: Math.min(lag, numberOf(length) ?? lag) }, true);
  }
}

/** A reply of names and values: an alternating array, or, with some options of the client, a Map or an object. */
function fieldsOf(reply: unknown): Record<string, unknown> {
  if (reply instanceof Map) return Object.fromEntries(reply as Map<string, unknown>);
  if (!Array.isArray(reply)) return (reply ?? {}) as Record<string, unknown>;
  const fields: Record<string, unknown> = {};
  for (let at = 0; at + 1 < reply.length; at += 2) fields[String(reply[at])] = reply[at + 1];
  return fields;
}

function numberOf(value: unknown): number | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}
