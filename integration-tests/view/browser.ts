// Finds, installs and starts Chromium for the tests of the page.
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { writePage } from '../../scripts/build/page.js';
import { installDebianPackages } from '../brokers/debian-packages.ts';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function find(env: NodeJS.ProcessEnv): string | undefined {
  const given = env['CHROMIUM_PATH'];
  if (given !== undefined && !existsSync(given))
    throw new Error(`CHROMIUM_PATH is ${given}, and there is no such file`);
  if (given !== undefined) return given;
  const folders = (env['PATH'] ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** Installs Chromium if this process may. Resolves with what prevented it. */
async function installChromium(): Promise<string | undefined> {
  if (!existsSync('/usr/bin/apt-get')) return 'it is installed automatically on Debian and Ubuntu only';
  if (process.getuid?.() !== 0) return 'it is installed automatically for root only';
  try {
    await installDebianPackages([['chromium'], ['fonts-dejavu-core']]);
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const howToGet =
  'Install it (sudo apt-get install chromium, or brew install --cask chromium), or set CHROMIUM_PATH to its path';

/**
 * The path of a Chromium, installed if possible; undefined if there is none, with a line that says so.
 *
 * @throws if `CI` is set: there, the tests that need it must run
 */
export async function chromiumPath(
  env: NodeJS.ProcessEnv = process.env,
  install: () => Promise<string | undefined> = installChromium,
): Promise<string | undefined> {
  const found = find(env);
  if (found !== undefined) return found;
  const failure = await install();
  const installed = find(env);
  if (installed !== undefined) return installed;
  const reason = failure === undefined ? '' : ` (${failure})`;
  const { CI = '' } = env;
  if (CI !== '' && CI !== 'false') {
    throw new Error(
      `There is no Chromium, and CI is set, so that the tests in it must not be skipped${reason}. ${howToGet}.`,
    );
  }
  console.warn(`The tests in Chromium are skipped, because there is none${reason}. ${howToGet}.`);
  return undefined;
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
