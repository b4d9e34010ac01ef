import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { writePage } from '../../scripts/build/page.js';
import { installDebianPackages } from '../brokers/debian-packages.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function find(): string | undefined {
  const given = process.env['CHROMIUM_PATH'];
  if (given !== undefined) return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** The path of a Chromium, installed if possible; undefined if there is none. */
export async function chromiumPath(): Promise<string | undefined> {
  const found = find();
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.warn(
      'The tests of the page are skipped: there is no Chromium. Install one, or set CHROMIUM_PATH to its path.',
    );
    return undefined;
  }
  await installDebianPackages([['chromium'], ['fonts-dejavu-core']]);
  return find();
}

/** Starts the installed Chromium, for programs. @throws if there is none. */
export async function openBrowser(): Promise<Browser> {
  const path = await chromiumPath();
  if (path === undefined) throw new Error('there is no Chromium: install it, or set CHROMIUM_PATH');
  return startBrowser(path);
}

/** Starts a Chromium that sends no requests except those of the pages it opens. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Builds the page into a new folder. */
export async function builtPage(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mqtrace-page-'));
  writePage(join(import.meta.dirname, '../../src/view/page/main.tsx'), folder);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
