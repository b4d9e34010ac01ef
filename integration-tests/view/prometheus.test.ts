import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../brokers/ports.ts';
import { pathOf, provide } from '../brokers/programs.ts';
import { until } from '../brokers/wait.ts';
import { type CliResult, runCli } from '../../test-support/run-cli.ts';
import type { MapAnswer } from '../../src/view/queries/types.ts';

const spellings = ['underscores', 'dots'] as const;
let folder: string;
let prometheus: ChildProcess;
let url: string;
let targets: Server;
let messages = 0;

/**
 * The metrics of a service at a scrape: its counters grow by `messages`, of which a tenth waited long and a tenth
 * failed.
 */
function exposition(service: string): string {
  const labels = (more: string): string =>
    `messaging_system_name="kafka",messaging_destination_name="orders",service_name="${service}"${more}`;
  if (service === 'shop')
    return `# TYPE messaging_client_sent_messages_total counter\nmessaging_client_sent_messages_total{${labels('')}} ${messages}\n`;
  const group = ',messaging_consumer_group_name="billing"';
  const buckets = [
    ['0.1', messages * 0.5],
    ['1', messages * 0.9],
    ['10', messages],
    ['+Inf', messages],
  ].map(([le, count]) => `mqtrace_message_age_seconds_bucket{${labels(`${group},le="${le}"`)}} ${count}`);
  return [
    '# TYPE messaging_client_consumed_messages_total counter',
    `messaging_client_consumed_messages_total{${labels(group)}} ${messages * 0.9}`,
    `messaging_client_consumed_messages_total{${labels(`${group},error_type="TypeError"`)}} ${messages * 0.1}`,
    '# TYPE mqtrace_message_age_seconds histogram',
    ...buckets,
    `mqtrace_message_age_seconds_sum{${labels(group)}} ${messages}`,
    `mqtrace_message_age_seconds_count{${labels(group)}} ${messages}`,
    '',
  ].join('\n');
}

const ask = (...args: string[]): Promise<CliResult> => runCli([...args, '--prometheus', url]);

beforeAll(async () => {
  await provide(['prometheus'], (line) => process.stderr.write(`${line}\n`));
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-prometheus-'));
  const [port = 0, target = 0] = await freePorts(2);
  targets = createServer(({ url = '' }, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(exposition(url.slice(1)));
  }).listen(target, '127.0.0.1');
  const job = (name: string): string =>
    `  - job_name: shop/${name}\n    metrics_path: /${name}\n    static_configs: [{ targets: ['127.0.0.1:${target}'] }]\n`;
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 500ms, scrape_timeout: 400ms }\nscrape_configs:\n${job('shop')}${job('billing')}`,
  );
  prometheus = spawn(
    pathOf('prometheus'),
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  url = `http://127.0.0.1:${port}`;
  await until('Prometheus', async () => {
    const response = await fetch(`${url}/api/v1/query?query=count(up==1)==2`);
    const { data } = (await response.json()) as { data: { result: unknown[] } };
    if (data.result.length === 0) throw new Error('not scraped yet');
  });
  const growing = setInterval(() => (messages += 100), 250);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  clearInterval(growing);
}, 120_000);
afterAll(() => {
  prometheus?.kill('SIGKILL');
  targets?.close();
  rmSync(folder, { recursive: true, force: true });
});

test('the map shows the metrics in Prometheus: who sends and consumes, rates, failures and waits', async () => {
  const { out, error, code } = await ask('map', '--json', '--window', '1');
  expect(code).toBe(0);
  expect(error).toContain('Metrics contain no single messages');
  const { destinations, sentence } = JSON.parse(out) as MapAnswer;
  expect(destinations.map(({ name, system }) => [name, system])).toEqual([['orders', 'kafka']]);
  const [{ senders, consumers }] = destinations as [MapAnswer['destinations'][number]];
  expect(senders.map(({ service }) => service)).toEqual(['shop']);
  expect(consumers).toHaveLength(1);
  const [row] = consumers as [(typeof consumers)[number]];
  expect(row).toMatchObject({ service: 'billing', group: 'billing', seenBy: 'metrics', basis: 'age' });
  expect(row.wait).toBeUndefined();
  expect(row.errorShare).toBeCloseTo(0.1, 2);
  expect(row.rate).toBeGreaterThan(0);
  // Values extrapolated from scrapes are not exact.
  expect(row.messages / messages).toBeGreaterThan(0.7);
  expect(row.messages / messages).toBeLessThan(1.3);
  expect(row.age!.p50).toBeCloseTo(100, 0);
  expect(row.age!.p95).toBeGreaterThan(1000);
  expect(row.age!.p95).toBeLessThanOrEqual(10_000);
  expect(sentence).toContain('Messages wait longest in orders for billing');
});

test('requests that metrics cannot answer are rejected with the reason', async () => {
  for (const command of ['health', 'journey']) {
    const { code, error } = await ask(command);
    expect(code).toBe(2);
    expect(error).toContain('Metrics contain no single messages');
  }
});

test.each(spellings)('metrics are queried in both spellings: %s', async (spelling) => {
  const { importPrometheus, SpanStore } = await import('../../src/view/index.ts');
  const asked: string[] = [];
  const server = createServer(({ url: path = '' }, response) => {
    const query = new URL(path, 'http://localhost').searchParams.get('query')!;
    asked.push(query);
    const name = spelling === 'dots' ? 'messaging.client.sent.messages' : 'messaging_client_sent_messages_total';
    const pattern = new RegExp(`^(?:${/__name__=~"([^"]*)"/.exec(query)![1]})$`);
    const labels =
      spelling === 'dots'
        ? { 'messaging.destination.name': 'orders', 'service.name': 'shop' }
        : { messaging_destination_name: 'orders', job: 'shop/shop' };
    const result = pattern.test(name) ? [{ metric: labels, value: [1, '7'] }] : [];
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const store = new SpanStore();
  const { port } = server.address() as { port: number };
  expect(await importPrometheus(store, `http://127.0.0.1:${port}`, { windowS: 60 })).toBe(1);
  expect(store.metrics.of('messaging.client.sent.messages')).toMatchObject([
    { service: 'shop', destination: 'orders', value: 7, rate: 7 },
  ]);
  server.close();
});
