// Tests the instrumentation classes of BullMQ and rabbitmq-client: they trace while they are enabled, with the provider that they have.
import { expect, it } from 'vitest';
import { run } from './service.ts';

it('BullMQ and rabbitmq-client are traced while the classes are enabled', async () => {
  const { out, err, code } = await run(['classes.cjs']);
  expect([code, err]).toEqual([0, '']);
  const spans = (suffix: string): string[] =>
    [`add ${suffix}`, `process ${suffix}`, `process ${suffix}`, `publish ${suffix}`].sort();
  expect(JSON.parse(out)).toEqual([spans('-on'), spans('-other')]);
});
