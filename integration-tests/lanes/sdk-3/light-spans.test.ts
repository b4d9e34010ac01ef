import { expect, test, vi } from 'vitest';
import { testLightSpans } from './light-spans.ts';

// Installing is slow on a busy machine; the time limit is not part of the test.
vi.setConfig({ testTimeout: 300_000 });

test('light spans are equal to those of version 3 of the SDK (the short form of npm run test:lanes)', async () => {
  const { ok, output } = await testLightSpans(100);
  expect(output).toMatch(/Tests .*3 passed/);
  expect(ok).toBe(true);
});
