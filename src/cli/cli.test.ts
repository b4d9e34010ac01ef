import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startView } from '../view/index.ts';
import type { HealthAnswer, JourneyAnswer, MapAnswer, SearchAnswer } from '../view/queries/types.ts';
import { jsonRequest, spanId, type TestSpan, traceId } from '../view/testing/otlp.ts';
import { parseHeaders } from './explain-command.ts';
import { runCli } from '../../test-support/run-cli.ts';

let folder: string;
let file: string;
const base = 1_700_000_000_000;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-cli-'));
  file = join(folder, 'spans.jsonl');
  const attributes = { 'messaging.system.name': 'kafka', 'messaging.destination.name': 'orders' };
  const hostile = '\u001B]0;title\u0007\u001B[2Jname';
  for (let i = 0; i < 20; i++) {
    const ids = { traceId: traceId(), spanId: spanId() };
    const start = base + i * 100;
    const send: TestSpan = {
      ...ids,
      kind: 'producer',
      name: `send ${hostile}`,
      start,
      end: start + 2,
      attributes: {
        ...attributes,
        'kafka.message.key': `key-${i}`,
        'baggage.tenant': hostile,
        'messaging.header.order-id': [`id-${i}`, 'again'],
      },
    };
    const process: TestSpan = {
      traceId: ids.traceId,
      parent: ids.spanId,
      kind: 'consumer',
      name: 'process orders',
      links: [ids],
      start: start + 100 + i * 10,
      end: start + 105 + i * 10,
      error: i === 3,
      attributes: { ...attributes, 'order.total': i },
    };
    appendFileSync(
      file,
      `${JSON.stringify(jsonRequest('shop', [send]))}\n${JSON.stringify(jsonRequest('billing', [process]))}\n`,
    );
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('map has the same content as text and as JSON, from a file', async () => {
  const json = await runCli(['map', '--from', file, '--json']);
  const answer = JSON.parse(json.out) as MapAnswer;
  expect(answer.schema).toBe('mqtrace.map/1');
  expect(answer.destinations[0]!.consumers[0]).toMatchObject({ service: 'billing', messages: 20, errors: 1 });
  const { out, code } = await runCli(['map', '--from', file]);
  expect(code).toBe(0);
  expect(out).toContain(answer.sentence);
  expect(out).toContain('orders (kafka)');
  expect(out).toMatch(/billing .* p50 +\d+ ms {2}p95 +\d+ ms/);
});

test('a running view gives the same answer as the file', async () => {
  const view = await startView({ port: 0, otlpPort: 0, grpcPort: 0 });
  onTestFinished(() => view.close());
  const { readFileInto } = await import('../view/index.ts');
  await readFileInto(view.store, file);
  const live = JSON.parse((await runCli(['map', '--url', view.url, '--json'])).out) as MapAnswer;
  const recorded = JSON.parse((await runCli(['map', '--from', file, '--json'])).out) as MapAnswer;
  expect({ ...live, at: 0 }).toEqual({ ...recorded, at: 0 });
});

test('journey finds a message by key, by attribute, by failure and as the slowest', async () => {
  const idOf = async (...args: string[]): Promise<string> =>
    (JSON.parse((await runCli(['journey', '--from', file, '--json', ...args])).out) as JourneyAnswer).messageKey;
  expect(await idOf('key-7')).toBe('key-7');
  expect(await idOf('--attribute', 'order.total=11')).toBe('key-11');
  expect(await idOf('--error')).toBe('key-3');
  expect(await idOf('--destination', 'orders', '--slowest')).toBe('key-19');
  expect(await idOf('--text', 'key-5')).toBe('key-5');
  const { out } = await runCli(['journey', '--from', file, '--list', '--limit', '5', '--json']);
  expect((JSON.parse(out) as SearchAnswer).messages.map(({ messageKey }) => messageKey)).toEqual(
    [19, 18, 17, 16, 15].map((i) => `key-${i}`),
  );
  expect((await runCli(['journey', '--from', file, 'nothing'])).code).toBe(1);
});

test('a journey is drawn with its wait, and terminal control characters are removed', async () => {
  const { out } = await runCli(['journey', '--from', file, 'key-7']);
  expect(out).toMatch(/… waits in orders.*·+ +170 ms/);
  expect(out).toContain('\n  baggage tenant: \uFFFD]0;title\uFFFD\uFFFD[2Jname (shop)\n');
  expect(out).toContain('\n  header order-id: id-7 (shop)\n  header order-id: again (shop)\n');
  // eslint-disable-next-line no-control-regex -- forbidden characters
  expect(out).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
});

test('a file may be compressed by gzip; of one that ends too early, the beginning is read, and the user is told', async () => {
  const packed = gzipSync(readFileSync(file));
  const zipped = join(folder, 'spans.jsonl.gz');
  writeFileSync(zipped, packed);
  const whole = await runCli(['map', '--from', zipped, '--json']);
  expect(whole.error).toBe('');
  const rowOf = (json: string): unknown => (JSON.parse(json) as MapAnswer).destinations[0]!.consumers[0]!.messages;
  expect(rowOf(whole.out)).toBe(20);
  writeFileSync(zipped, packed.subarray(0, packed.length * 0.6));
  const part = await runCli(['map', '--from', zipped, '--json']);
  expect(part.error).toContain('the compressed file is damaged or ends too early');
  expect(rowOf(part.out)).toBeLessThan(20);
});

test('health reports problems, and by its exit code', async () => {
  const { out, code } = await runCli(['health', '--from', file, '--json']);
  expect((JSON.parse(out) as HealthAnswer).findings.map(({ state, count }) => [state, count])).toEqual([
    ['failures', 1],
  ]);
  expect(code).toBe(1);
  expect((await runCli(['health', '--from', file])).out).toContain('billing failed on 1 of 20');
});

test.each([
  [['mapp'], /unknown command "mapp"; did you mean "map"\?/],
  [['map', '--jsn'], /unknown option "jsn"; did you mean "json"\?/],
  [['map', '--from', '/does/not/exist'], /does not exist/],
  [['map', '--from', import.meta.dirname], /is not a file/],
  [['map', '--from', import.meta.filename], /contains no OTLP requests/],
  [['journey', '--wait-over', 'long'], /--wait-over: expected a number/],
  [['view', '--port', '99999'], /--port: expected a number from 0 to 65535/],
  [['map', '--from', 'x', '--url', 'y'], /expected --url or --from, got both/],
])('%j exits with code 2 and explains what to do', async (args, message) => {
  const { code, error } = await runCli(args);
  expect(error).toMatch(message);
  expect(code).toBe(2);
});

test('without a view, the command explains how to start one', async () => {
  const { code, error } = await runCli(['map', '--url', 'http://127.0.0.1:1']);
  expect(error).toMatch(/Start one with "mqtrace view"/);
  expect(code).toBe(1);
});

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
test.each([
  ['an object', JSON.stringify({ traceparent })],
  ['a message', JSON.stringify({ headers: { traceparent }, value: 'x' })],
  ['an AMQP message', JSON.stringify({ properties: { headers: { traceparent } } })],
  ['pairs', JSON.stringify([['traceparent', traceparent]])],
  ['a Redis entry', JSON.stringify(['1-0', ['order', '1', 'traceparent', traceparent]])],
  ["curl's output", `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntraceparent: ${traceparent}\r\n\r\n`],
  ["kcat's output", `id=1,traceparent=${traceparent},baggage=a=b`],
  ["kcat's output with a header after it", `traceparent=${traceparent},id=1,baggage=a=b,c=d`],
])('explain reads %s', async (what, input) => {
  const { out, code } = await runCli(['explain'], { stdin: Readable.from([Buffer.from(input)]) });
  expect(out).toContain('0af7651916cd43dd8448eb211c80319c');
  const format = /AMQP|Redis|curl/.exec(what)?.[0] ?? 'Kafka';
  expect(out).toContain(`${{ AMQP: 'amqp', Redis: 'redis', curl: 'http' }[format] ?? 'kafka'} message with`);
  expect(code).toBe(0);
});

test('explain fails for text without headers', () => {
  for (const input of ['', '{', 'no headers here'])
    expect(() => parseHeaders(input)).toThrow(/standard input: expected/);
});

test('lines that are not OTLP are counted and skipped', async () => {
  const mixed = join(folder, 'mixed.jsonl');
  writeFileSync(mixed, `not json\n${JSON.stringify(jsonRequest('shop', [{ name: 'one' }]))}\n`);
  const { error, code } = await runCli(['map', '--from', mixed]);
  expect([code, error]).toEqual([0, expect.stringContaining('1 lines are not OTLP JSON')]);
});
