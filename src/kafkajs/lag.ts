// Computes the lag of a consumer: the unprocessed messages of its partitions.
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { suppressTracing } from '../common/suppression.ts';
import { isRecord } from '../common/check-options.ts';
import { ATTR_CONSUMER_GROUP_NAME, lagAttributes, runInContext } from '../messaging/index.ts';
import { consumerLag, type Observer } from '../metrics/instruments.ts';
import { observeLevels } from '../metrics/levels.ts';
import { metricsEpoch } from '../metrics/series.ts';
import { listen } from './connection.ts';
import type { ClientState } from './state.ts';
import type { ConsumerLike } from './types.ts';

/** The part of kafkajs' `Admin` that is used. */
export interface AdminLike {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  describeCluster(): Promise<{ clusterId?: unknown }>;
  fetchTopicOffsets(topic: string): Promise<readonly { partition: number; high: string }[]>;
  fetchOffsets(asked: {
    groupId: string;
    topics: string[];
  }): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>;
}

/**
 * The position of a consumer in one partition. Kept for the lifetime of the consumer, because cached data of the partition
 * references it.
 */
export class Position {
  readonly topic: string;
  readonly partition: number;
  assigned = false;
  /** The last high watermark: the offset of the last message plus one. Undefined before the first batch. */
  high: number | undefined;
  /** The offset of the first unprocessed message, according to events. */
  next: number | undefined;
  /**
   * The offset of the last message for which a handler was called: earlier ones are processed. Kept as text, because it is rarely
   * converted to a number.
   */
  #started: string | undefined;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** Records that a handler will be called with the message at this offset. */
  start(offset: string | undefined): void {
    if (metricsEpoch() !== 0) this.#started = offset;
  }

  /** A batch has arrived: earlier records are outdated. */
  begin(first: number | undefined, high: number | undefined): void {
    this.high = high ?? this.high;
    this.next = first ?? this.next;
    this.#started = undefined;
  }

  /** All messages before this offset are processed. */
  finish(next: number): void {
    if (this.finished === undefined || next > this.finished) {
      this.next = next;
      this.#started = undefined;
    }
  }

  /** Whether the last handled message has this offset. */
  hasStarted(offset: unknown): boolean {
    return this.#started !== undefined && this.#started === offset;
  }

  /** The offset of the first unprocessed message. */
  get finished(): number | undefined {
    const started = offsetOf(this.#started);
    if (started === undefined) return this.next;
    return this.next === undefined ? started : Math.max(started, this.next);
  }

  /** The partition is no longer assigned to the consumer: another consumer may process its next messages. */
  lose(): void {
    this.assigned = false;
    this.high = undefined;
    this.next = undefined;
    this.#started = undefined;
  }
}

const keyOf = (topic: string, partition: number): string => `${partition} ${topic}`;

/**
 * The lag of one consumer. kafkajs reports the distance from the end of a batch to the end of the partition, which is not the lag:
 * the batch may contain all messages. The lag is the distance from the first unprocessed message.
 */
export class ConsumerLag {
  readonly #state: ClientState;
  readonly #admin: (() => AdminLike) | undefined;
  readonly #positions = new Map<string, Position>();
  /** Whether all messages of a batch are processed at its end. */
  #batchIsDone = false;
  #stop: (() => void) | undefined;

  /** @param admin - creates an admin client, for offsets that are read at each collection. */
  constructor(consumer: ConsumerLike, state: ClientState, admin?: () => AdminLike) {
    this.#state = state;
    this.#admin = admin;
    const on = (event: string, seen: (payload: Record<string, unknown>) => void): void => {
      listen(consumer, event, (payload) => {
        seen(payload);
        return false;
      });
    };
    on('GROUP_JOIN', ({ memberAssignment }) => this.#assign(memberAssignment));
    on('START_BATCH_PROCESS', (batch) => {
      if (metricsEpoch() === 0) return;
      this.#positionOf(batch)?.begin(offsetOf(batch['firstOffset']), offsetOf(batch['highWatermark']));
    });
    on('END_BATCH_PROCESS', (batch) => {
      if (metricsEpoch() === 0) return;
      const position = this.#positionOf(batch);
      const last = offsetOf(batch['lastOffset']);
      if (position === undefined || last === undefined) return;
      // A batch without messages has no unprocessed ones. A handler of single messages may have been interrupted.
      if (this.#batchIsDone || batch['batchSize'] === 0 || position.hasStarted(batch['lastOffset'])) {
        position.finish(last + 1);
      }
    });
    on('COMMIT_OFFSETS', ({ topics }) => {
      if (metricsEpoch() !== 0) this.#commit(topics);
    });
    for (const end of ['STOP', 'DISCONNECT', 'CRASH']) on(end, () => this.#leave());
  }

  /** Records how the consumer is run. */
  run(config: Record<string, unknown>): void {
    this.#batchIsDone = config['eachMessage'] === undefined && config['eachBatchAutoResolve'] !== false;
  }

  /** Kept for partitions that were assigned to the consumer, which limits their number. */
  position(topic: string, partition: number): Position {
    return this.#positions.get(keyOf(topic, partition)) ?? new Position(topic, partition);
  }

  /** The position that the payload of an event is about; undefined if the payload has an unknown form. */
  #positionOf({ topic, partition }: Record<string, unknown>): Position | undefined {
    return typeof topic === 'string' && typeof partition === 'number' ? this.position(topic, partition) : undefined;
  }

  #assign(assignment: unknown): void {
    const assigned = new Set<Position>();
    for (const [topic, partitions] of Object.entries(isRecord(assignment) ? assignment : {})) {
      for (const partition of partitions as number[]) {
        const position = this.position(topic, partition);
        this.#positions.set(keyOf(topic, partition), position);
        assigned.add(position);
      }
    }
    for (const position of this.#positions.values()) {
      if (!assigned.has(position)) position.lose();
      else position.assigned = true;
    }
    this.#stop ??= observeLevels(this.#observe);
  }

  #commit(topics: unknown): void {
    for (const { topic, partitions } of topics as {
      topic: string;
      partitions: { partition: number; offset: string }[];
    }[]) {
      for (const { partition, offset } of partitions) {
        const next = offsetOf(offset);
        if (next !== undefined) this.position(topic, partition).finish(next);
      }
    }
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const position of this.#positions.values()) position.lose();
  }

  readonly #observe: Observer = (note) => {
    const admin = this.#admin?.();
    return admin === undefined
      ? this.#estimate(note)
      : runInContext(suppressTracing(ROOT_CONTEXT), () => this.#poll(admin, note));
  };

  #estimate(note: Parameters<Observer>[0]): void {
    for (const [topic, positions] of this.#byTopic()) this.#note(note, topic, positions, ({ high }) => high);
  }

  /** Reads the ends of the partitions, and the committed offsets of those without messages so far. */
  async #poll(admin: AdminLike, note: Parameters<Observer>[0]): Promise<void> {
    await admin.connect();
    try {
      for (const [topic, positions] of this.#byTopic()) {
        // oxlint-disable-next-line no-await-in-loop -- sequential requests over one connection
        await this.#askCommitted(admin, topic, positions);
        // oxlint-disable-next-line no-await-in-loop -- as above
        const ends = await admin.fetchTopicOffsets(topic);
        const highs = new Map(ends.map(({ partition, high }) => [partition, offsetOf(high)]));
        this.#note(note, topic, positions, ({ partition }) => highs.get(partition));
      }
    } finally {
      await admin.disconnect();
    }
  }

  async #askCommitted(admin: AdminLike, topic: string, positions: readonly Position[]): Promise<void> {
    const groupId = this.#state.connection.attributes[ATTR_CONSUMER_GROUP_NAME];
    const unknown = positions.filter(({ finished }) => finished === undefined);
    if (unknown.length === 0 || typeof groupId !== 'string') return;
    const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
    for (const { partition, offset } of committed?.partitions ?? []) {
      const next = offsetOf(offset);
      const position = unknown.find((each) => each.partition === partition);
      if (next !== undefined && position?.assigned && position.finished === undefined) position.finish(next);
    }
  }

  #note(
    note: Parameters<Observer>[0],
    topic: string,
    positions: readonly Position[],
    highOf: (position: Position) => number | undefined,
  ): void {
    let lag: number | undefined;
    for (const position of positions) {
      const { assigned, finished } = position;
      const high = highOf(position);
      if (!assigned || finished === undefined || high === undefined) continue;
      lag = (lag ?? 0) + Math.max(0, high - finished);
    }
    if (lag === undefined) return;
    const { messaging, connection } = this.#state;
    note({ definition: consumerLag, attributes: lagAttributes(messaging, topic, connection.attributes), value: lag });
  }

  #byTopic(): Map<string, Position[]> {
    const topics = new Map<string, Position[]>();
    for (const position of this.#positions.values()) {
      if (!position.assigned) continue;
      const positions = topics.get(position.topic);
      if (positions === undefined) topics.set(position.topic, [position]);
      else positions.push(position);
    }
    return topics;
  }
}

/** Offsets are strings in kafkajs, and -1 if there is none. */
function offsetOf(offset: unknown): number | undefined {
  if (typeof offset !== 'string' || offset === '') return undefined;
  const number = Number(offset);
  return number >= 0 ? number : undefined;
}
