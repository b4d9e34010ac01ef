import { expect, test } from 'vitest';
import { until } from './wait.ts';

test('a probe that never settles is repeated', async () => {
  let calls = 0;
  const probe = (): Promise<string> => (++calls === 1 ? new Promise(() => undefined) : Promise.resolve('ready'));
  expect(await until('a service', probe, { probeMs: 20 })).toBe('ready');
  expect(calls).toBe(2);
});

test('the error says what was waited for, and why it was not ready', async () => {
  const never = (): Promise<never> => new Promise(() => undefined);
  await expect(until('a service', never, { probeMs: 20, timeoutMs: 50 })).rejects.toThrow(
    'a service is not ready after 0.05 s: no answer within 0.02 s',
  );
});
