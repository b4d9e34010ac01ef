import { describe, expect, test } from 'vitest';
import { answerFrom } from '../../src/view/index.ts';
import type { HealthAnswer, MapAnswer } from '../../src/view/queries/types.ts';
import { request, spanId, type TestSpan, traceId } from '../../src/view/testing/otlp.ts';
import { pipelineTruth } from '../../src/view/testing/pipeline-truth.ts';
import { widePipeline } from '../../src/view/testing/wide-pipeline.ts';
import { chromiumPath } from './browser.ts';
import { usePages } from './use-pages.ts';

/** Boxes of the map that overlap. */
const overlaps = `(() => {
  const boxes = [...document.querySelectorAll('.place, .service')].map((e) => [e.textContent, e.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], at) => boxes.slice(at + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
    .map(([other]) => name + ' and ' + other));
})()`;

/** Which share of the chosen row is below the details, or outside of the page. */
const hiddenShare = `(() => {
  const row = document.querySelector('.row[aria-pressed=true]').getBoundingClientRect();
  const points = [0.02, 0.5, 0.98].map((share) => [row.left + row.width * share, row.top + row.height / 2]);
  const isRow = ([x, y]) => document.elementFromPoint(x, y)?.closest('.row')?.getAttribute('aria-pressed') === 'true';
  return points.filter((point) => !isRow(point)).length / points.length;
})()`;

/** Services and waits on the map whose text does not fit. */
const cutTexts = `[...document.querySelectorAll('.service span, .p50, .p95, .facts')]
  .filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
  .map((e) => e.textContent)`;

// Installed if possible; without Chromium these tests are skipped.
const path = await chromiumPath();

describe.skipIf(path === undefined)('the page, in Chromium', () => {
  const { viewOf, open } = usePages(path);

  test('two clicks show which hop waits, who consumed, and where the context was lost, with the numbers of the command line', async () => {
    const view = await viewOf(pipelineTruth(300).requests);
    const map = (await answerFrom(view.store, '/api/map', new URLSearchParams())) as MapAnswer;
    const health = (await answerFrom(view.store, '/api/health', new URLSearchParams())) as HealthAnswer;
    const opened = await open(view, '/#/map');
    // Which hop waits: no click.
    await expect.poll(() => opened.textContent('.sentence')).toBe(map.sentence);
    // Who consumed it, how often, and how long it took: one click.
    await opened.click('.row.worst');
    const worst = map.destinations.flatMap(({ consumers }) => consumers).find(({ id }) => id === map.worst)!;
    expect(await opened.textContent('.details h2')).toContain(worst.service);
    expect(await opened.textContent('.details dl')).toContain(`consumed${worst.messages}`);
    // Its slowest message: the second click.
    await opened.click('.details .actions a');
    await opened.waitForSelector('.message');
    // Where the context was lost: one click.
    await opened.click('nav a:has-text("Health")');
    const broken = health.findings.find(({ state }) => state === 'no-context')!;
    await expect.poll(() => opened.textContent('.sentence')).toBe(health.sentence);
    expect(await opened.textContent('.health')).toContain(broken.sentence);
  });

  test('the numbered queues of an exchange are one row, whose details list each queue, first the one that differs', async () => {
    const view = await viewOf(pipelineTruth(3200).requests);
    const opened = await open(view, '/#/map');
    const rows = opened.locator('[aria-label="destination sharded"] .row');
    await expect.poll(() => rows.count()).toBe(1);
    expect(await rows.textContent()).toContain('⚠ sharded.7');
    await rows.click();
    const listed = opened.locator('.details .queues tbody tr');
    expect(await listed.count()).toBe(32);
    expect(await listed.first().textContent()).toContain('sharded.7');
    expect(await opened.textContent('.sentence')).toContain('from queue sharded.7: half');
    expect(await opened.locator('.sentence b').allTextContents()).toContain('sharded.7');
  });

  test('a journey shows waiting times, and opens a span', async () => {
    const view = await viewOf(pipelineTruth(50).requests);
    const opened = await open(view, '/#/journeys?id=order-7&order=slowest');
    await opened.click('.message');
    await opened.waitForSelector('.wait-bar');
    expect(await opened.locator('.wait-bar').count()).toBe(3);
    expect(await opened.locator('.fold').count()).toBeGreaterThan(0);
    await opened.click('button.line >> nth=1');
    await opened.waitForSelector('.details h3');
    expect(await opened.textContent('.details')).toContain('messaging.system.name');
    await opened.keyboard.press('Escape');
    expect(await opened.locator('.details').count()).toBe(0);
  });

  test('scripts in names are shown as text', async () => {
    const evil = (where: string): string =>
      `"><img src=x onerror="window.ran='${where}'"><script>window.ran='${where}'</script>`;
    const attributes = {
      'messaging.system.name': evil('system'),
      'messaging.destination.name': evil('destination'),
      'kafka.message.key': evil('key'),
      [evil('name')]: evil('value'),
      [`baggage.${evil('baggage')}`]: evil('entry'),
      [`messaging.header.${evil('header')}`]: [evil('header value')],
    };
    const ids = { traceId: traceId(), spanId: spanId() };
    const send: TestSpan = {
      ...ids,
      kind: 'producer',
      name: evil('span'),
      attributes: { ...attributes, 'messaging.operation.type': 'send' },
    };
    const process: TestSpan = {
      parent: ids.spanId,
      kind: 'consumer',
      name: evil('process'),
      links: [ids],
      error: true,
      attributes: { ...attributes, 'messaging.operation.type': 'process' },
    };
    const view = await viewOf([request(evil('service'), [send]), request(evil('consumer'), [process])]);
    const opened = await open(view, '/#/map');
    await opened.click('.row');
    await opened.click('.details .actions a');
    await opened.click('.message');
    await opened.waitForSelector('.recorded');
    expect(await opened.locator('.recorded b').allTextContents()).toEqual([evil('baggage'), evil('header')]);
    expect(await opened.locator('.recorded code').allTextContents()).toEqual([evil('entry'), evil('header value')]);
    await opened.click('button.line >> nth=0');
    await opened.waitForSelector('.details h3');
    await opened.keyboard.press('3');
    await opened.waitForSelector('.health');
    expect(await opened.evaluate('window.ran')).toBeUndefined();
    expect(await opened.locator('img, script:not([src="/page.js"])').count()).toBe(0);
  });

  test.each([400, 700, 1280, 2000])('at %i pixels no text is cut off, and the text size is the same', async (width) => {
    const view = await viewOf(pipelineTruth(30).requests);
    for (const hash of ['/#/map', '/#/health', '/#/journeys']) {
      const opened = await open(view, hash, width, 900);
      await opened.waitForSelector('.row, .health, .message');
      expect(await opened.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await opened.evaluate('getComputedStyle(document.body).fontSize')).toBe('14px');
    }
  });

  test.each([400, 1280])(
    'at %i pixels a pipeline of 150 nodes is a list of waits with the surroundings of one; all nodes can be drawn, without overlaps',
    async (width) => {
      const view = await viewOf(widePipeline(150));
      const map = (await answerFrom(view.store, '/api/map', new URLSearchParams())) as MapAnswer;
      const opened = await open(view, '/#/map', width, 900);
      await opened.waitForSelector('.card');
      const waits = map.destinations.flatMap(({ consumers }) => consumers);
      expect(await opened.locator('.waits button').count()).toBe(waits.length);
      expect(await opened.locator('.card').count()).toBeLessThan(30);
      // Omitted consumers are reported, and not shown as missing.
      expect(await opened.textContent('.drawing')).toMatch(/\d more consumers?, not shown/);
      await opened.click('text=Draw all');
      await expect.poll(() => opened.locator('.card').count()).toBe(map.destinations.length);
      expect(await opened.locator('.card .row').count()).toBe(waits.length);
      expect(await opened.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await opened.evaluate(overlaps)).toEqual([]);
      expect(await opened.evaluate(cutTexts)).toEqual([]);
    },
  );

  test.each([400, 900, 1280, 1600])('at %i pixels the details of a wait do not cover its row', async (width) => {
    const view = await viewOf(widePipeline(150));
    const opened = await open(view, '/#/map', width, 900);
    await opened.click('text=Draw all');
    const places = (): Promise<unknown> =>
      opened.evaluate('[...document.querySelectorAll(".place")].map((e) => e.getAttribute("style"))');
    const before = await places();
    const rows = opened.locator('.card .row');
    const count = await rows.count();
    for (const at of [0, Math.floor(count / 2), count - 1]) {
      await rows.nth(at).click();
      await opened.waitForSelector('.details h2');
      expect(await opened.evaluate(hiddenShare)).toBe(0);
      expect(await places()).toEqual(before);
      await opened.keyboard.press('Escape');
    }
  });

  test('the layout does not move while figures change', async () => {
    const { requests } = pipelineTruth(30, Date.now() - 60_000);
    const view = await viewOf(requests);
    const opened = await open(view, '/#/map');
    await opened.waitForSelector('.card');
    const places = (): Promise<unknown> =>
      opened.evaluate('[...document.querySelectorAll(".place, .service")].map((e) => e.getAttribute("style"))');
    const before = await places();
    const rate = await opened.textContent('.card .rate');
    for (const each of pipelineTruth(400, Date.now() - 60_000, 8).requests) view.store.addTraces(each);
    await expect.poll(() => opened.textContent('.card .rate'), { timeout: 10_000 }).not.toBe(rate);
    expect(await places()).toEqual(before);
  });

  test('the page can be used by keyboard: tabs by number, the search with a slash, rows with Tab and Enter', async () => {
    const view = await viewOf(pipelineTruth(30).requests);
    const opened = await open(view, '/#/map');
    await opened.waitForSelector('.row');
    await opened.focus('.row');
    await opened.keyboard.press('Enter');
    await opened.waitForSelector('.details');
    await opened.keyboard.press('Escape');
    await opened.keyboard.press('2');
    await opened.waitForSelector('.search');
    await opened.keyboard.press('1');
    await opened.waitForSelector('.row');
    await opened.keyboard.press('/');
    await expect.poll(() => opened.evaluate('document.activeElement.name')).toBe('id');
  });
});
