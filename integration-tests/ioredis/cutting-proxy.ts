import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/** A TCP proxy for Redis that can cut a connection in the middle of a reply. */
export interface CuttingProxy {
  readonly port: number;
  /**
   * Cuts the connection at the next reply that contains this text, after the text's first byte. Resolves afterwards.
   */
  cutAt(text: string): Promise<void>;
  close(): void;
}

export async function cuttingProxy(redisUrl: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(redisUrl);
  const sockets = new Set<Socket>();
  let cut: { text: string; done: () => void } | undefined;
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          redis.destroy();
          sockets.delete(socket);
        });
    }
    client.on('data', (data) => redis.write(data));
    redis.on('data', (data) => {
      const at = cut === undefined ? -1 : data.indexOf(cut.text);
      if (at < 0) {
        client.write(data);
        return;
      }
      const { done } = cut!;
      cut = undefined;
      client.write(data.subarray(0, at + 1), () => {
        client.destroy();
        redis.destroy();
        done();
      });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cutAt: (text) => new Promise((done) => (cut = { text, done })),
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
