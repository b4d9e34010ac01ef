// Asks Kafka for the id of its cluster, once per client.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { reportFault } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { runInContext } from '../messaging/index.ts';
import { onFirst } from './connection.ts';
import type { AdminLike } from './lag.ts';
import type { ClientState } from './state.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/** The id of a cluster, which its producers and consumers ask for when the first of them has connected. */
export class Cluster {
  readonly #admin: () => AdminLike;
  #id: Promise<string | undefined> | undefined;

  constructor(admin: () => AdminLike) {
    this.#admin = admin;
  }

  /** Adds the id to the attributes of a producer or consumer, as soon as it is connected. */
  describe(client: ProducerLike | ConsumerLike, { connection }: ClientState): void {
    onFirst(client, 'CONNECT', () => {
      this.#id ??= runInContext(suppressTracing(ROOT_CONTEXT), () => this.#ask());
      void this.#id.then((id) => connection.learnCluster(id));
    });
  }

  /** Never rejects. */
  async #ask(): Promise<string | undefined> {
    try {
      const admin = this.#admin();
      await admin.connect();
      try {
        const { clusterId } = await admin.describeCluster();
        return typeof clusterId === 'string' && clusterId !== '' ? clusterId : undefined;
      } finally {
        await admin.disconnect();
      }
    } catch (error) {
      reportFault('asking Kafka for its cluster id', error);
      // The next client that connects asks again.
      this.#id = undefined;
      return undefined;
    }
  }
}
