// Creates Kafka topics for tests.
import { Kafka, logLevel } from 'kafkajs';

/** Creates topics before they are used, so that no client waits for their metadata. Existing topics are left as they are. */
export async function createTopics(brokers: string[], topics: readonly string[], numPartitions = 1): Promise<void> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ topics: topics.map((topic) => ({ topic, numPartitions })), waitForLeaders: true });
  await admin.disconnect();
}
