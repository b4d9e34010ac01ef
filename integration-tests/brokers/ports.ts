import { once } from 'node:events';
import { createServer } from 'node:net';
import { PortTakenError } from './native-process.ts';

const handedOut = new Set<number>();

async function canListen(port: number, host?: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}

/**
 * On macOS one process may listen on a port of all addresses while another uses the same port of one address: both
 * are tried.
 */
async function isFree(port: number): Promise<boolean> {
  return (await canListen(port)) && (await canListen(port, '127.0.0.1'));
}

/**
 * Picks free ports at random, below the range of outgoing connections (from 32768 or 49152), so that a concurrent run
 * rarely picks the same.
 *
 * @param count how many
 * @param offset also `port + offset` must be free (Redis Cluster's bus); then ports are below 20000
 */
export async function freePorts(count: number, offset = 0): Promise<number[]> {
  const from = offset > 0 ? 10_000 : 20_000;
  const ports: number[] = [];
  for (let tries = 0; tries < 500 && ports.length < count; tries++) {
    const port = from + Math.floor(Math.random() * 10_000);
    const wanted = offset > 0 ? [port, port + offset] : [port];
    if (wanted.some((one) => handedOut.has(one))) continue;
    const free = await Promise.all(wanted.map(isFree));
    if (free.includes(false)) continue;
    for (const one of wanted) handedOut.add(one);
    ports.push(port);
  }
  if (ports.length < count) throw new Error(`no ${count} free ports found from ${from} on`);
  return ports;
}

/** Runs `start` with free ports, and again with other ports if one was taken meanwhile. */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
  options: { readonly offset?: number } = {},
): Promise<T> {
  for (let left = 4; ; left--) {
    try {
      return await start(await freePorts(count, options.offset));
    } catch (error) {
      if (!(error instanceof PortTakenError) || left === 0) throw error;
    }
  }
}
