import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { healthAnswer } from './queries/health.ts';
import { mapAnswer } from './queries/map.ts';
import { journeyAnswer } from './queries/journey.ts';
import { searchAnswer } from './queries/search.ts';
import { rowOf } from './queries/rows.ts';
import { jsonToProtobuf } from './otlp/json-to-protobuf.ts';
import { readFileInto } from './receiver/read-file.ts';
import { SpanStore } from './store/store.ts';

const folder = join(import.meta.dirname, 'testing/recorded');

/** The content of each recording: three messages to each destination, all consumed by billing. */
const recordings: Record<string, string[]> = {
  javascript: ['rec.js.orders', 'rec.js.invoices'],
  python: ['rec.py.orders', 'rec.py.invoices'],
  java: ['rec.java.orders', 'rec.java.invoices'],
  go: ['rec.go.orders'],
  'go-rabbitmq': ['rec.go.invoices'],
  'python-redis': ['rec.py.shipments'],
};

const entries = Object.entries(recordings).map(([name, destinations]) => ({ name, destinations }));
const runs = ['as recorded', 'reversed'].flatMap((order) =>
  entries.map(({ name, destinations }) => ({ name, destinations, order })),
);

test('every recording is tested', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  expect(files.toSorted()).toEqual(
    Object.keys(recordings)
      .map((name) => `${name}.jsonl`)
      .toSorted(),
  );
});

test.each(runs)(
  "the spans of OpenTelemetry's $name instrumentations are joined by their ids, on the map and in journeys, $order",
  async ({ name, destinations, order }) => {
    const store = new SpanStore();
    const file = join(folder, `${name}.jsonl`);
    if (order === 'reversed') {
      for (const line of readFileSync(file, 'utf8').trim().split('\n').toReversed())
        store.addTraces(jsonToProtobuf('traces', JSON.parse(line)));
    } else expect((await readFileInto(store, file)).refused).toBe(0);
    const map = mapAnswer(store);
    expect(map.destinations.map((card) => card.name).toSorted()).toEqual(destinations.toSorted());
    for (const { messages, notConsumed, senders, consumers } of map.destinations) {
      expect([messages, notConsumed]).toEqual([3, 0]);
      expect(senders.map(({ service }) => service)).toEqual(['shop']);
      expect(consumers.map(({ service, messages, attempts }) => ({ service, messages, attempts }))).toEqual([
        { service: 'billing', messages: 3, attempts: 0 },
      ]);
      expect(consumers[0]!.wait?.count).toBe(3);
    }
    expect(healthAnswer(store).findings).toEqual([]);
    for (const destination of destinations) {
      const { messages } = await searchAnswer(store, { destination });
      expect(messages).toHaveLength(3);
      for (const { span } of messages) {
        const { rows } = journeyAnswer(store, rowOf(store, span)!);
        expect(rows.filter(({ asked }) => asked)).toHaveLength(1);
        expect(rows.some(({ operation, service }) => operation === 'process' && service === 'billing')).toBe(true);
        expect(rows.filter(({ kind }) => kind === 'wait')).toHaveLength(1);
      }
    }
  },
);
