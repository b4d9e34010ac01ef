// What is known of a connection: who is at its other end, and which queues live no longer than it does.
import type { Attributes } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  createStamp,
} from '../messaging/index.ts';
import type { TraceAmqplibOptions } from './options.ts';

/** amqplib's own connection, which all channels of one socket share. */
interface Shared {
  stream?: Record<string, unknown>;
  frameMax?: number;
}

/** Who is at the other end of a channel, in attributes. */
export interface Server {
  /** `server.*`: on every span. */
  address: Attributes;
  /** `network.peer.*`: on spans of what crosses the network. */
  peer: Attributes;
}

/** What the options say, else what the socket knows; unknown values are omitted. */
export function serverOf(channel: object, { server }: TraceAmqplibOptions): Server {
  const socket = sharedConnection(channel)?.stream ?? {};
  const peerAddress = text(socket['remoteAddress']);
  const peerPort = typeof socket['remotePort'] === 'number' ? socket['remotePort'] : undefined;
  // Node keeps the name that was resolved under `_host`; a socket that was given an address has none.
  const known = { address: text(socket['_host']) ?? peerAddress, port: peerPort };
  const { address, port } = server ?? known;
  return {
    address: defined({ [ATTR_SERVER_ADDRESS]: address, [ATTR_SERVER_PORT]: port }),
    peer: defined({ [ATTR_NETWORK_PEER_ADDRESS]: peerAddress, [ATTR_NETWORK_PEER_PORT]: peerPort }),
  };
}

/** The largest frame that the connection may send; undefined or 0 where there is no limit. */
export function frameMaxOf(channel: object): number | undefined {
  const frameMax = sharedConnection(channel)?.frameMax;
  return typeof frameMax === 'number' ? frameMax : undefined;
}

/** So many exclusive queues are remembered; an application may declare one for each of its requests. */
const rememberedQueues = 1000;

/** The exclusive queues that were declared on a connection. RabbitMQ deletes them when the connection closes. */
export class ExclusiveQueues {
  readonly #names = new RecentMap<string, true>(rememberedQueues);
  #changes = 0;

  /** Grows with each change, for caches of what depends on it. */
  get changes(): number {
    return this.#changes;
  }

  has(name: string): boolean {
    return this.#names.get(name) === true;
  }

  add(name: string): void {
    this.#names.set(name, true);
    this.#changes++;
  }

  delete(name: string): void {
    if (!this.has(name)) return;
    this.#names.delete(name);
    this.#changes++;
  }
}

const exclusiveQueues = createStamp<ExclusiveQueues>();

/** The exclusive queues of the connection that a channel belongs to. */
export function exclusiveQueuesOf(channel: object): ExclusiveQueues {
  const owner = sharedConnection(channel) ?? channel;
  let queues = exclusiveQueues.get(owner);
  if (queues === undefined) {
    queues = new ExclusiveQueues();
    exclusiveQueues.set(owner, queues);
  }
  return queues;
}

/** The channels that are open on a connection of either API, or on the one that a recovering connection has at present. */
export function openChannels(connection: object): object[] {
  const { _core } = connection as { _core?: { _model?: object | null } };
  const { connection: shared } = (_core?._model ?? connection) as { connection?: { channels?: unknown } };
  if (!Array.isArray(shared?.channels)) return [];
  // The first one is the connection's own.
  return (shared.channels as ({ channel?: object } | null | undefined)[])
    .slice(1)
    .map((slot) => slot?.channel)
    .filter((channel) => channel !== undefined);
}

function sharedConnection(channel: object): Shared | undefined {
  const { connection } = channel as { connection?: unknown };
  return typeof connection === 'object' && connection !== null ? connection : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function defined(attributes: Record<string, string | number | undefined>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
