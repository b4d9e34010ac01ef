// Opens the page of a view in Chromium, for tests.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { startView, type View } from '../../src/view/index.ts';
import { builtPage, startBrowser } from './browser.ts';

export interface Pages {
  /** A view that has received these requests. */
  viewOf: (requests: readonly Buffer[]) => Promise<View>;
  /** Opens the page; fails the test if it writes to the console or sends a request to another host. */
  open: (view: View, hash: string, width?: number, height?: number) => Promise<Page>;
}

/** Starts a Chromium and builds the page, for the tests of a suite; without a path to a Chromium these are skipped. */
export function usePages(path: string | undefined): Pages {
  let browser: Browser;
  let page: { folder: string; remove: () => Promise<void> };

  beforeAll(async () => {
    [browser, page] = await Promise.all([startBrowser(path!), builtPage()]);
  });
  afterAll(async () => {
    await browser?.close();
    await page?.remove();
  });

  async function viewOf(requests: readonly Buffer[]): Promise<View> {
    const view = await startView({ port: 0, otlpPort: 0, grpcPort: 0, pageFolder: page.folder });
    onTestFinished(() => view.close());
    for (const each of requests) view.store.addTraces(each);
    view.store.settle();
    return view;
  }

  async function open(view: View, hash: string, width = 1280, height = 800): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width, height } });
    const complaints: string[] = [];
    opened.on('console', (message) => complaints.push(message.text()));
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('dialog', (dialog) => {
      complaints.push(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    opened.on('request', (asked) => {
      if (!asked.url().startsWith(view.url) && !asked.url().startsWith('data:'))
        complaints.push(`asked ${asked.url()}`);
    });
    onTestFinished(async () => {
      await opened.close();
      expect(complaints).toEqual([]);
    });
    await opened.goto(view.url + hash);
    return opened;
  }

  return { viewOf, open };
}
