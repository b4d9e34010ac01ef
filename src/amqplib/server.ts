import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from '../messaging/index.ts';
import type { TraceAmqplibOptions } from './options.ts';

/** Who is at the other end of a channel, in attributes. */
export interface Server {
  /** `server.*`: on every span. */
  address: Attributes;
  /** `network.peer.*`: on spans of what crosses the network. */
  peer: Attributes;
}

/** What the options say, else what the socket knows; what is unknown is left out. */
export function serverOf(channel: object, { server }: TraceAmqplibOptions): Server {
  const { connection } = channel as { connection?: { stream?: Record<string, unknown> } };
  const socket = connection?.stream ?? {};
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

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function defined(attributes: Record<string, string | number | undefined>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
