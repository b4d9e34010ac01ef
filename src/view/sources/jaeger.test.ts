import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { journeyAnswer } from '../queries/journey.ts';
import { findMessage } from '../queries/search.ts';
import { SpanStore } from '../store/store.ts';
import { jsonRequest } from '../testing/otlp.ts';
import { importTrace } from './import-trace.ts';
import { jaegerSource } from './jaeger.ts';

const first = '1'.repeat(32);
const second = '2'.repeat(32);
const attributes = { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' };

/** A server that answers like Jaeger's query service. */
async function jaeger(answers: Record<string, unknown>): Promise<string> {
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? { error: 'not found' }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const send = {
  traceId: first,
  spanId: 'a'.repeat(16),
  kind: 'producer',
  name: 'send orders',
  start: 1000,
  end: 1002,
  attributes,
} as const;

test('a trace is imported with the traces that it links to, and their waits are known', async () => {
  const process = jsonRequest('billing', [
    {
      traceId: second,
      spanId: 'b'.repeat(16),
      kind: 'consumer',
      name: 'process orders',
      links: [{ traceId: first, spanId: send.spanId }],
      start: 1250,
      end: 1300,
      attributes,
    },
  ]) as { resourceSpans: { scopeSpans: { spans: { kind: unknown }[] }[] }[] };
  // Some versions write enumerations by name.
  process.resourceSpans[0]!.scopeSpans[0]!.spans[0]!.kind = 'SPAN_KIND_CONSUMER';
  const base = await jaeger({
    [`/api/v3/traces/${second}`]: { result: process },
    [`/api/v3/traces/${first}`]: { result: jsonRequest('shop', [send]) },
  });
  const store = new SpanStore();
  expect(await importTrace(store, jaegerSource(base), second)).toEqual({
    traces: 2,
    spans: 2,
    missing: 0,
    more: false,
  });
  const answer = journeyAnswer(store, (await findMessage(store, send.spanId))!);
  expect(answer.rows.filter(({ kind }) => kind === 'wait').map(({ start, end }) => end - start)).toEqual([250]);
});

test('the older format of Jaeger is read', async () => {
  const tags = (kind: string): object[] => [
    { key: 'span.kind', type: 'string', value: kind },
    { key: 'messaging.system', type: 'string', value: 'kafka' },
    { key: 'messaging.destination.name', type: 'string', value: 'orders' },
    { key: 'messaging.operation', type: 'string', value: kind === 'producer' ? 'publish' : 'process' },
  ];
  const base = await jaeger({
    [`/api/traces/${second}`]: {
      data: [
        {
          traceID: second,
          processes: { p1: { serviceName: 'shop' }, p2: { serviceName: 'billing' } },
          spans: [
            {
              traceID: second,
              spanID: 'c'.repeat(16),
              operationName: 'orders publish',
              startTime: 1_000_000,
              duration: 2000,
              tags: tags('producer'),
              processID: 'p1',
            },
            {
              traceID: second,
              spanID: 'd'.repeat(16),
              operationName: 'orders process',
              references: [{ refType: 'FOLLOWS_FROM', traceID: second, spanID: 'c'.repeat(16) }],
              startTime: 1_400_000,
              duration: 2000,
              tags: [...tags('consumer'), { key: 'error', type: 'bool', value: true }],
              processID: 'p2',
            },
          ],
        },
      ],
    },
  });
  const store = new SpanStore();
  expect(await importTrace(store, jaegerSource(base), second)).toMatchObject({ traces: 1, spans: 2 });
  const { rows } = journeyAnswer(store, (await findMessage(store, 'c'.repeat(16)))!);
  expect(rows.map(({ kind, service, error, start, end }) => [kind, service, error, end - start])).toEqual([
    ['span', 'shop', false, 2],
    ['wait', '', false, 400],
    ['span', 'billing', true, 2],
  ]);
});

test('a missing trace, a cycle of links, too many links, and no Jaeger', async () => {
  const linked = (from: number, to: number): object => ({
    result: jsonRequest('x', [
      {
        ...send,
        traceId: String(from).padStart(32, '0'),
        links: [{ traceId: String(to).padStart(32, '0'), spanId: send.spanId }],
      },
    ]),
  });
  const path = (at: number): string => `/api/v3/traces/${String(at).padStart(32, '0')}`;
  const base = await jaeger({
    ...Object.fromEntries(Array.from({ length: 30 }, (_, at) => [path(at + 1), linked(at + 1, at + 2)])),
    [path(50)]: linked(50, 51),
    [path(51)]: linked(51, 50),
  });
  const source = jaegerSource(base);
  const id = (at: number): string => String(at).padStart(32, '0');
  expect(await importTrace(new SpanStore(), source, id(99))).toMatchObject({ traces: 0, missing: 1 });
  expect(await importTrace(new SpanStore(), source, id(50))).toMatchObject({ traces: 2, more: false });
  expect(await importTrace(new SpanStore(), source, id(1), { maxTraces: 10 })).toMatchObject({
    traces: 10,
    more: true,
  });
  await expect(importTrace(new SpanStore(), jaegerSource('http://127.0.0.1:1'), id(1))).rejects.toThrow(
    'Jaeger does not answer',
  );
});
