// Tests that a missing Chromium is visible, and an error in CI.
import { afterEach, expect, test, vi } from 'vitest';
import { chromiumPath } from './browser.ts';

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
afterEach(() => warn.mockClear());
const nowhere = { PATH: '/nowhere' };
const install = () => Promise.resolve('not allowed here');

test('without Chromium a line says what is skipped, why, and how to get it', async () => {
  expect(await chromiumPath(nowhere, install)).toBeUndefined();
  expect(warn.mock.calls).toEqual([
    [
      'The tests in Chromium are skipped, because there is none (not allowed here). ' +
        'Install it (sudo apt-get install chromium, or brew install --cask chromium), or set CHROMIUM_PATH to its path.',
    ],
  ]);
});

test('in CI it is an error', async () => {
  await expect(chromiumPath({ ...nowhere, CI: 'true' }, install)).rejects.toThrow(
    'There is no Chromium, and CI is set, so that the tests in it must not be skipped (not allowed here).',
  );
  expect(warn).not.toHaveBeenCalled();
});

test('one that was installed is used, and a path that does not exist is an error', async () => {
  expect(await chromiumPath({ CHROMIUM_PATH: process.execPath }, install)).toBe(process.execPath);
  const wrong = { CHROMIUM_PATH: '/nowhere/chromium', CI: 'true' };
  await expect(chromiumPath(wrong, install)).rejects.toThrow('CHROMIUM_PATH is /nowhere/chromium');
  expect(warn).not.toHaveBeenCalled();
});
