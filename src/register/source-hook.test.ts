import { expect, test } from 'vitest';
import { hasOtherPreloads, keepsLoader } from './source-hook.ts';

test.each([
  ['22.15.0', false],
  ['22.22.2', false],
  ['22.22.3', true],
  ['22.23.0', true],
  ['23.11.0', false],
  ['24.0.0', false],
  ['24.11.0', false],
  ['24.11.1', true],
  ['25.0.0', false],
  ['25.1.0', true],
  ['26.0.0', true],
])('in Node.js %s, the loader still loads CommonJS files with a synchronous hook: %s', (version, expected) => {
  expect(keepsLoader(version)).toBe(expected);
});

test.each<[boolean, string[], string?]>([
  [false, []],
  [false, ['--import', 'mqtrace/register']],
  [false, ['--import=mqtrace/register', '--enable-source-maps']],
  [false, [], '--require mqtrace/register'],
  [true, ['--import', 'tsx', '--import', 'mqtrace/register']],
  [true, ['-r', 'dotenv/config']],
  [true, ['--import', 'mqtrace/register'], '--loader=./pnp.mjs'],
])('other modules are preloaded: %s for %j and NODE_OPTIONS %s', (expected, args, options) => {
  expect(hasOtherPreloads(args, options)).toBe(expected);
});
