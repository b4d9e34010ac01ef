// TCP proxies in front of a broker. They can cut its connections.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  readonly port: number;
  /** Cuts all connections, and refuses new ones until {@link allow}. */
  cut(): void;
  allow(): void;
  close(): void;
}

/** Listens on a port, and connects each client to the broker. */
export interface Relay {
  readonly port: number;
  cut(): void;
  close(): void;
}

/**
 * @param forward - passes on the data of two connections, which are closed together.
 * @param accepts - whether a new client is connected.
 */
export async function startRelay(
  host: string,
  port: number,
  forward: (client: Socket, broker: Socket) => void,
  accepts: () => boolean = () => true,
): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    if (!accepts()) {
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
    forward(client, broker);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    close() {
      server.close();
      cut();
    },
  };
}

export async function tcpProxy(host: string, port: number): Promise<TcpProxy> {
  let refuses = false;
  const relay = await startRelay(
    host,
    port,
    (client, broker) => void client.pipe(broker).pipe(client),
    () => !refuses,
  );
  return {
    ...relay,
    cut() {
      refuses = true;
      relay.cut();
    },
    allow: () => void (refuses = false),
  };
}
