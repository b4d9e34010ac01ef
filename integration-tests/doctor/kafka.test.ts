import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Admin, CompressionTypes, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from 'vitest';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { doctor, interrupted } from './cli.ts';

const brokers = inject('kafkaBrokers');
const topic = `doctor-${randomBytes(4).toString('hex')}`;
const secret = 'hunter2';
let admin: Admin;

beforeAll(async () => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  admin = kafka.admin();
  await admin.connect();
  await createTopics(brokers, [topic], 3);
  const producer = kafka.producer();
  await producer.connect();
  for (let at = 0; at < 30; at++) {
    const traceparent = `00-0af7651916cd43dd8448eb211c80319c-${randomBytes(8).toString('hex')}-01`;
    const headers = at < 21 ? { traceparent, baggage: `user=${secret}` } : { password: secret };
    await producer.send({ topic, messages: [{ key: secret, value: secret, headers, partition: at % 3 }] });
  }
  await producer.disconnect();
});
afterAll(() => admin.disconnect());

const groups = async (): Promise<string[]> =>
  (await admin.listGroups()).groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('mqtrace-doctor-'));
const arguments_ = ['--kafka', brokers.join(','), '--topic'];

test('the newest messages of each partition are inspected, and nothing is left behind', async () => {
  const { findings, messages, code, text } = await doctor(...arguments_, topic, '--count', '15');
  expect(findings.map(({ what }) => what)).toEqual([
    expect.stringContaining('9 of 15 messages carry no trace context'),
  ]);
  expect(messages).toHaveLength(15);
  expect(messages[0]!.lines.join('\n')).toContain('traceparent: ');
  expect(code).toBe(1);
  expect(text).not.toContain(secret);
  expect(await groups()).toEqual([]);
});

test('a topic that does not exist is reported, and not created', async () => {
  const missing = `${topic}-missing`;
  const { checks, findings } = await doctor(...arguments_, missing);
  expect(checks).toEqual(['not-looked-at']);
  expect(findings[0]!.what).toContain('does not exist');
  expect(await admin.listTopics()).not.toContain(missing);
});

test('an empty topic is reported', async () => {
  await createTopics(brokers, [`${topic}-empty`]);
  expect((await doctor(...arguments_, `${topic}-empty`)).checks).toEqual(['no-messages']);
});

test('Ctrl-C during reading deletes the group', async () => {
  const long = `${topic}-long`;
  await createTopics(brokers, [long]);
  onTestFinished(() => admin.deleteTopics({ topics: [long] }));
  // Fast to send and slow to decompress, so that the group is still reading when it is found.
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  const messages = Array.from({ length: 30 }, () => ({ value: Buffer.alloc(1_000_000) }));
  for (let at = 0; at < 10; at++) await producer.send({ topic: long, messages, compression: CompressionTypes.GZIP });
  await producer.disconnect();
  // The group may have read everything before the test finds it: then the command has ended, and is run again.
  let code: number | null = null;
  for (let tries = 0; tries < 12 && code !== 130; tries++) {
    code = await interrupted([...arguments_, long, '--count', '1000'], async () => (await groups()).length > 0);
    expect(await groups()).toEqual([]);
  }
  expect(code).toBe(130);
});

test('a broker that does not answer is reported', async () => {
  expect((await doctor('--kafka', '127.0.0.1:1', '--topic', topic)).checks).toEqual(['not-looked-at']);
});

test('if the project lacks the client, the command that installs it is reported', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'mqtrace-empty-'));
  onTestFinished(() => rmSync(empty, { recursive: true, force: true }));
  const { findings } = await doctor(...arguments_, topic, '--project', empty);
  expect(findings.map(({ check, mend }) => [check, mend])).toEqual([
    ['client-missing', expect.stringContaining('npm install kafkajs')],
  ]);
});
