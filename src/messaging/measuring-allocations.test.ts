import { Session } from 'node:inspector';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { MetricsReader } from '../metrics/reader.ts';
import { readIncoming } from './testing/read-incoming.ts';
import { kafkaHeaders } from '../../carriers/index.ts';
import type { LightOperation } from './light-operation.ts';
import { measureUnsampled } from './light-processing.ts';
import { measurePassedOn } from './light-sending.ts';
import { Messaging } from './messaging.ts';

let reader: MetricsReader;
beforeAll(() => void (reader = new MetricsReader('cumulative')));
afterAll(() => reader.close());

const messaging = new Messaging('kafka', 'test', {});
const attributes = { 'server.address': 'localhost' };
const description = { name: 'process', attributes };
const destination = { name: 'orders' };
const incoming = Array.from({ length: 64 }, (_, at) =>
  readIncoming(messaging, kafkaHeaders, {}, { destination, sentAt: Date.now() - at * 10.5 }),
);

const perRound = 20_000;

/** Bytes per call, of all objects, also of those that are collected meanwhile. */
async function bytesOf(call: (at: number) => void): Promise<number> {
  const session = new Session();
  session.connect();
  try {
    const post = (method: string, options = {}): Promise<{ profile: { head: Node } }> =>
      new Promise((resolve, reject) => {
        session.post(method, options, (error: Error | null, result?: object) =>
          error === null ? resolve(result as never) : reject(error),
        );
      });
    await post('HeapProfiler.startSampling', {
      samplingInterval: 128,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    for (let at = 0; at < perRound; at++) call(at);
    const { profile } = await post('HeapProfiler.stopSampling');
    return sizeOf(profile.head) / perRound;
  } finally {
    session.disconnect();
  }
}

interface Node {
  readonly selfSize: number;
  readonly children: readonly Node[];
}

function sizeOf({ selfSize, children }: Node): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}

/** Optimized code replaces the first one in the background, so it takes some rounds. */
async function optimizedBytesOf(call: (at: number) => void): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 100 && least > 1; round++) {
    for (let at = 0; at < perRound; at++) call(at);
    least = Math.min(least, await bytesOf(call));
  }
  return least;
}

test('measuring an operation without a promise allocates no memory', async () => {
  const process = (at: number): void => {
    const message = incoming[at % incoming.length]!;
    (measureUnsampled(messaging, description, message, ROOT_CONTEXT, 'delivered') as LightOperation).end();
  };
  expect(await optimizedBytesOf(process)).toBeLessThan(1);
  const send = (): void => measurePassedOn(messaging, 'send', destination, attributes, ROOT_CONTEXT)!.end();
  expect(await optimizedBytesOf(send)).toBeLessThan(1);
  const settle = (): void =>
    messaging.measurer.start('ack', 'settle', destination, attributes)!.end(undefined, undefined);
  expect(await optimizedBytesOf(settle)).toBeLessThan(1);
});
