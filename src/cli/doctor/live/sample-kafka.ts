// Reads the newest messages of a Kafka topic, without leaving anything in the broker.
import { randomBytes } from 'node:crypto';
import { MqtraceError } from '../../../common/errors.ts';
import { projectClient } from './project-client.ts';
import { abortable, type LiveOptions, pause, type Sample, type Samples } from './sample.ts';

export interface KafkaOptions extends LiveOptions {
  brokers: string[];
  topic: string;
  tls: boolean;
  /** SASL settings, if a user name is given. */
  sasl: { mechanism: string; username: string; password: string } | undefined;
}

/** The parts of kafkajs that are used. */
interface KafkaMessage {
  key: Buffer | null;
  value: Buffer | null;
  headers?: Record<string, unknown>;
  offset: string;
  timestamp: string;
}
interface Admin {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  listTopics(): Promise<string[]>;
  fetchTopicOffsets(topic: string): Promise<{ partition: number; low: string; high: string }[]>;
  describeConfigs(query: object): Promise<{
    resources: { configEntries: { configName: string; configValue: string }[] }[];
  }>;
  deleteGroups(groups: string[]): Promise<unknown>;
  listGroups(): Promise<{ groups: { groupId: string }[] }>;
}
interface Batch {
  partition: number;
  messages: KafkaMessage[];
  lastOffset(): string;
}
interface Consumer {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  subscribe(subscription: { topic: string; fromBeginning: boolean }): Promise<void>;
  run(config: object): Promise<void>;
  seek(position: { topic: string; partition: number; offset: string }): void;
}
interface KafkaClient {
  admin(): Admin;
  consumer(config: object): Consumer;
}

/** The first and last offset to read from a partition. */
type Ranges = Map<number, { from: number; to: number }>;

/** @throws MqtraceError if the topic does not exist or the cluster does not respond. */
export async function sampleKafka(options: KafkaOptions): Promise<Samples> {
  const { Kafka } = projectClient(options.project, 'kafkajs') as { Kafka: new (config: object) => KafkaClient };
  const kafka = new Kafka({
    clientId: 'mqtrace-doctor',
    brokers: options.brokers,
    ssl: options.tls,
    sasl: options.sasl,
    logLevel: 0,
    connectionTimeout: 5000,
    retry: { retries: 2 },
  });
  const admin = kafka.admin();
  const { topic, signal } = options;
  try {
    await abortable(admin.connect(), signal);
    // Requested without names, because a request that names a topic may create it.
    const topics = await abortable(admin.listTopics(), signal);
    if (!topics.includes(topic))
      throw new MqtraceError(
        'INVALID_OPTION',
        `--topic: the topic ${JSON.stringify(topic)} does not exist on ${options.brokers.join(', ')}; it is not created.`,
      );
    const ranges = await abortable(rangesOf(admin, topic, options.count), signal);
    const samples = ranges.size === 0 ? [] : await consume(kafka, admin, ranges, options);
    return { system: 'kafka', destination: topic, samples, limit: await largestMessage(admin, topic) };
  } catch (error) {
    if (error instanceof MqtraceError || signal.aborted) throw error;
    throw new MqtraceError(
      'INVALID_STATE',
      `--kafka ${options.brokers.join(',')}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** The newest messages of each partition, in equal shares. */
async function rangesOf(admin: Admin, topic: string, count: number): Promise<Ranges> {
  const offsets = (await admin.fetchTopicOffsets(topic))
    .map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }))
    .filter(({ low, high }) => high > low);
  const share = Math.max(1, Math.ceil(count / Math.max(1, offsets.length)));
  return new Map(
    offsets.map(({ partition, low, high }) => [partition, { from: Math.max(low, high - share), to: high }]),
  );
}

/** How long a group may take to form: brokers wait some seconds for further members. */
const longestJoinMs = 10_000;

/** Reads with a separate group, which commits nothing and is deleted. */
async function consume(kafka: KafkaClient, admin: Admin, ranges: Ranges, options: KafkaOptions): Promise<Sample[]> {
  const { topic, signal, waitMs } = options;
  const groupId = `mqtrace-doctor-${randomBytes(8).toString('hex')}`;
  const consumer = kafka.consumer({
    groupId,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 500,
    retry: { retries: 2 },
  });
  const samples: Sample[] = [];
  const open = new Set(ranges.keys());
  let joined: Promise<void> = Promise.resolve();
  try {
    await abortable(consumer.connect(), signal);
    await abortable(consumer.subscribe({ topic, fromBeginning: false }), signal);
    const read = new Promise<void>((resolve) => {
      const eachBatch = ({ batch }: { batch: Batch }): Promise<void> => {
        const { from, to } = ranges.get(batch.partition) ?? { from: 0, to: 0 };
        for (const message of batch.messages) {
          const offset = Number(message.offset);
          if (open.has(batch.partition) && offset >= from && offset < to)
            samples.push(sampleOf(batch.partition, message));
        }
        // The last offsets may be transaction markers, which are not in any batch of messages.
        if (Number(batch.lastOffset()) >= to - 1) open.delete(batch.partition);
        if (open.size === 0) resolve();
        return Promise.resolve();
      };
      const run = consumer.run({ autoCommit: false, eachBatchAutoResolve: true, eachBatch });
      joined = run.then(
        () => {
          for (const [partition, { from }] of ranges) consumer.seek({ topic, partition, offset: String(from) });
        },
        () => resolve(),
      );
    });
    const enough = new AbortController();
    await abortable(Promise.race([read, pause(waitMs, enough.signal)]), signal).finally(() => enough.abort());
  } finally {
    // A member that is still joining cannot leave: the broker would keep it, and the group, until its session ends.
    const settled = new AbortController();
    await Promise.race([joined.catch(() => {}).finally(() => settled.abort()), pause(longestJoinMs, settled.signal)]);
    await consumer.disconnect().catch(() => {});
    await deleteGroup(admin, groupId);
  }
  return samples;
}

function sampleOf(partition: number, message: KafkaMessage): Sample {
  const headers = message.headers ?? {};
  const bytes = (message.key?.length ?? 0) + (message.value?.length ?? 0) + bytesOf(headers);
  const time = Number(message.timestamp);
  return {
    at: `partition ${partition}, offset ${message.offset}`,
    message: { headers, value: null },
    time: time > 0 ? time : undefined,
    bytes,
  };
}

function bytesOf(headers: Record<string, unknown>): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers))
    for (const each of Array.isArray(value) ? value : [value])
      bytes += Buffer.byteLength(name) + (each instanceof Uint8Array ? each.length : String(each ?? '').length);
  return bytes;
}

/**
 * Deletes a group until it no longer exists: the broker may still count the member that has just left, and a pending join request
 * may create the group again.
 */
async function deleteGroup(admin: Admin, groupId: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    await admin.deleteGroups([groupId]).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 150));
    const { groups } = await admin.listGroups().catch(() => ({ groups: [{ groupId }] }));
    if (!groups.some((group) => group.groupId === groupId)) return;
  }
}

async function largestMessage(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: ['max.message.bytes'] }],
    });
    const found = Number(
      resources[0]?.configEntries.find(({ configName }) => configName === 'max.message.bytes')?.configValue,
    );
    return found > 0 ? found : undefined;
  } catch {
    // Reading the configuration needs a separate permission.
    return undefined;
  }
}
