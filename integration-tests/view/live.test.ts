import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Browser } from 'playwright-core';
import { freePort, type Service, startService } from '../../examples/pipeline/processes.ts';
import { runCli } from '../../test-support/run-cli.ts';
import { startView, type View } from '../../src/view/index.ts';
import type { JourneyAnswer, MapAnswer } from '../../src/view/queries/types.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { builtPage, chromiumPath, startBrowser } from './browser.ts';

const orders = 20;
// Earlier runs have left orders on the brokers.
const runId = randomBytes(4).toString('hex');
const orderId = (at: number): string => `live-${runId}-${at}`;
const path = await chromiumPath();
let view: View;
let page: { folder: string; remove: () => Promise<void> };
let services: Service[] = [];

/** The output of a command for the running viewer. */
async function mqtrace(...args: string[]): Promise<string> {
  const { out, error } = await runCli([...args, '--url', view.url]);
  return [out, error].filter((part) => part !== '').join('\n');
}

const map = async (): Promise<MapAnswer> => JSON.parse(await mqtrace('map', '--json')) as MapAnswer;

beforeAll(async () => {
  page = await builtPage();
  view = await startView({ port: 0, otlpPort: 0, grpcPort: 0, pageFolder: page.folder });
  const port = await freePort();
  const environment = {
    KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    AMQP_URL: inject('amqpUrl'),
    REDIS_URL: inject('redisUrl'),
    PORT: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: view.otlpUrl,
  };
  await createTopics(inject('kafkaBrokers'), ['shop.orders']);
  services = ['shop', 'billing', 'shipping', 'notify'].map((name) => startService(name, environment, () => {}));
  await Promise.all(services.map((service) => service.ready));
  for (let at = 1; at <= orders; at++) {
    const body = JSON.stringify({ id: orderId(at), user: 'ada', tenant: 'acme', total: at });
    await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body });
  }
}, 120_000);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await view?.close();
  await page?.remove();
}, 60_000);

test('the map shows a live pipeline through three brokers, with its waits', async () => {
  const consumed = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await map()).destinations.flatMap((card) =>
        card.consumers.map((row) => [`${card.name}>${row.service}`, row.messages]),
      ),
    );
  // At least this many: the map also counts what earlier runs left on the brokers. The journeys below are counted exactly.
  const enough = async (): Promise<boolean> => {
    const counts = await consumed();
    return ['shop.orders>billing', 'invoices>shipping', 'shipping.shipments>notify'].every(
      (key) => (counts[key] ?? 0) >= orders,
    );
  };
  await expect.poll(enough, { timeout: 60_000 }).toBe(true);
  for (const card of (await map()).destinations)
    for (const row of card.consumers) expect(row.wait?.count).toBeGreaterThan(0);
}, 90_000);

test('the journey of every order goes through all four services, each of which consumes it once', async () => {
  const found = async (at: number): Promise<string[]> => {
    const journey = JSON.parse(
      await mqtrace('journey', orderId(at), '--destination', 'shop.orders', '--json'),
    ) as JourneyAnswer;
    const services = new Set(journey.rows.map(({ service }) => service).filter((service) => service !== ''));
    const processed = journey.rows.filter(({ operation }) => operation === 'process').map(({ service }) => service);
    return [...services, 'processed by', ...processed];
  };
  for (let at = 1; at <= orders; at++)
    await expect
      .poll(() => found(at), { timeout: 30_000 })
      .toEqual(['shop', 'billing', 'shipping', 'notify', 'processed by', 'billing', 'shipping', 'notify']);
}, 90_000);

describe.skipIf(path === undefined)('in Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser(path!);
  });
  afterAll(() => browser?.close());

  test('the page and the command line show the same', async () => {
    const opened = await browser.newPage();
    await opened.goto(view.url);
    await expect.poll(() => opened.locator('.card').count()).toBeGreaterThanOrEqual(3);
    const { sentence } = await map();
    await expect.poll(() => opened.textContent('.sentence')).toBe(sentence);
    await opened.click('[aria-label="destination shop.orders"] .row');
    expect(await opened.textContent('.details h2')).toContain('billing');
  });
});
