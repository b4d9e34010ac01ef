// Collects what is known about a connection: its peer, its channels and its exclusive queues.
import type { Attributes } from '@opentelemetry/api';
import { RecentMap } from '../common/recent-map.ts';
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  createStamp,
  serverAttributes,
  type Stamp,
} from '../messaging/index.ts';
import type { TraceAmqplibOptions } from './options.ts';

/** amqplib's own connection, which all channels of one socket share. */
interface Shared {
  stream?: Record<string, unknown>;
  frameMax?: number;
}

/** The attributes of a channel's peer. */
export interface Server {
  /** `server.*`: on every span. */
  address: Attributes;
  /** `network.peer.*`: on spans of network operations. */
  peer: Attributes;
}

/** The values of the options, else of the socket; unknown values are omitted. */
export function serverOf(channel: object, { server }: TraceAmqplibOptions): Server {
  const socket = sharedConnection(channel)?.stream ?? {};
  const peerAddress = text(socket['remoteAddress']);
  const peerPort = typeof socket['remotePort'] === 'number' ? socket['remotePort'] : undefined;
  // Node stores the resolved name in `_host`; a socket that was opened with an address has none.
  const known = { address: text(socket['_host']) ?? peerAddress, port: peerPort };
  const { address, port } = server ?? known;
  return {
    address: serverAttributes(address, port),
    peer: defined({ [ATTR_NETWORK_PEER_ADDRESS]: peerAddress, [ATTR_NETWORK_PEER_PORT]: peerPort }),
  };
}

/** The largest frame that the connection may send; undefined or 0 if there is no limit. */
export function frameMaxOf(channel: object): number | undefined {
  const frameMax = sharedConnection(channel)?.frameMax;
  return typeof frameMax === 'number' ? frameMax : undefined;
}

/** The maximum number of remembered exclusive queues; an application may declare one for each request. */
const rememberedQueues = 1000;

/** The exclusive queues that were declared on a connection. RabbitMQ deletes them when the connection closes. */
export class ExclusiveQueues {
  readonly #names = new RecentMap<string, true>(rememberedQueues);
  #changes = 0;

  /** Incremented with each change, for caches that depend on the queues. */
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

/** The exclusive queues of a channel's connection. */
export function exclusiveQueuesOf(channel: object): ExclusiveQueues {
  return ofConnection(channel, exclusiveQueues, () => new ExclusiveQueues());
}

/** What the channels of one connection share; made for the first of them. */
export function ofConnection<Value>(channel: object, stamp: Stamp<Value>, make: () => Value): Value {
  const owner = sharedConnection(channel) ?? channel;
  const known = stamp.get(owner);
  if (known !== undefined) return known;
  const made = make();
  stamp.set(owner, made);
  return made;
}

/** The open channels of a connection of either API, or of the current connection of a recovering one. */
export function openChannels(connection: object): object[] {
  const { _core } = connection as { _core?: { _model?: object | null } };
  const { connection: shared } = (_core?._model ?? connection) as { connection?: { channels?: unknown } };
  if (!Array.isArray(shared?.channels)) return [];
  // The first one is the connection's internal channel.
  return (shared.channels as ({ channel?: object } | null | undefined)[])
    .slice(1)
    .map((slot) => slot?.channel)
    .filter((channel) => channel !== undefined);
}

/** The connection that a channel shares with others; undefined for an object of another shape. */
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
