import { Kafka, logLevel } from 'kafkajs';

/** Makes topics before anyone asks for them, so that nobody has to wait for metadata to settle. Those that exist are left. */
export async function createTopics(brokers: string[], topics: readonly string[], numPartitions = 1): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions })), waitForLeaders: true });
  await admin.disconnect();
}
