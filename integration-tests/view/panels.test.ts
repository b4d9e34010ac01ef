import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { pipelineTruth } from '../../src/view/testing/pipeline-truth.ts';
import { chromiumPath } from './browser.ts';
import { usePages } from './use-pages.ts';

// Installed if possible; without Chromium these tests are skipped.
const path = await chromiumPath();

describe.skipIf(path === undefined)('the first run, panels and filters of the page, in Chromium', () => {
  const { viewOf, open } = usePages(path);

  test('an empty page shows commands that can be copied; the example message appears on the map', async () => {
    const view = await viewOf([]);
    const opened = await open(view, '/#/map', 1280, 900);
    await opened.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await opened.waitForSelector('.empty');
    const commands = opened.locator('.command');
    expect(await commands.count()).toBe(3);
    expect(await commands.first().locator('pre').textContent()).toContain(
      `OTEL_EXPORTER_OTLP_ENDPOINT=${view.otlpUrl} node --import mqtrace/register app.js`,
    );
    await commands.last().locator('button').click();
    await expect.poll(() => commands.last().locator('button').textContent()).toBe('copied');
    const command = await opened.evaluate<string>('navigator.clipboard.readText()');
    await promisify(execFile)('sh', ['-c', command], { timeout: 10_000 });
    await opened.waitForSelector('[aria-label="destination orders"] .row', { timeout: 10_000 });
    expect(await opened.textContent('.sentence')).toBe(
      'Messages wait longest in orders for billing: half up to 320 ms, 95 of 100 up to 320 ms.',
    );
  });

  test.each([1280, 2000])('at %i pixels an open panel covers neither the tabs nor the sentence', async (width) => {
    const view = await viewOf(pipelineTruth(50).requests);
    for (const [hash, clicks] of [
      ['/#/map', ['.row.worst']],
      ['/#/journeys?id=order-7', ['.message', 'button.line >> nth=1']],
    ] as const) {
      const opened = await open(view, hash, width, 800);
      for (const click of clicks) await opened.click(click);
      await opened.waitForSelector('.details h2');
      await opened.click('nav a:has-text("Health")', { timeout: 5000 });
      await expect.poll(() => opened.locator('.health').count()).toBe(1);
    }
  });

  test('a panel that is opened by keyboard gets the focus, and gives it back', async () => {
    const view = await viewOf(pipelineTruth(30).requests);
    const opened = await open(view, '/#/map');
    await opened.waitForSelector('.row');
    await opened.keyboard.press('Tab');
    await opened.focus('.card .row');
    await opened.keyboard.press('Enter');
    await expect.poll(() => opened.evaluate('document.activeElement.className')).toBe('details');
    await opened.keyboard.press('Tab');
    expect(await opened.evaluate('document.activeElement.className')).toBe('close');
    await opened.keyboard.press('Escape');
    await expect.poll(() => opened.evaluate('document.activeElement.className')).toContain('row');
  });

  test('health can be limited to one kind of problem', async () => {
    const view = await viewOf(pipelineTruth(30).requests);
    const opened = await open(view, '/#/health');
    await opened.click('.chips button:has-text("no context")');
    expect(new Set(await opened.locator('.health h3').allTextContents())).toEqual(new Set(['⚠ no context']));
    await opened.click('.chips button:has-text("all")');
    expect(await opened.locator('.health h3').count()).toBeGreaterThan(4);
  });
});
