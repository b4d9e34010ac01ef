// A TCP proxy in front of a broker, which can cut its connections and refuse new ones.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections, and refuses new ones until {@link allow}. */
  cut(): void;
  allow(): void;
  close(): void;
}

export async function tcpProxy(host: string, port: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let refuses = false;
  const server = createServer((client) => {
    if (refuses) {
      client.on('error', () => {}).destroy();
      return;
    }
    const broker = connect(port, host);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          client.destroy();
          broker.destroy();
          sockets.delete(socket);
        });
    }
    client.pipe(broker).pipe(client);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    refuses = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    allow: () => void (refuses = false),
    close() {
      server.close();
      cut();
    },
  };
}
