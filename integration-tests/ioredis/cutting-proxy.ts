// A proxy that cuts a connection in the middle of a reply of Redis.
import { startRelay } from '../../test-support/tcp-proxy.ts';

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
  let cut: { text: string; done: () => void } | undefined;
  const relay = await startRelay(hostname, Number(port), (client, redis) => {
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
  return {
    port: relay.port,
    cutAt: (text) => new Promise((done) => (cut = { text, done })),
    close: () => relay.close(),
  };
}
