// mqtrace/register keeps the context of messages that wait in an amqp-connection-manager.
import { expect, it } from 'vitest';
import { run } from './service.ts';

it('six messages that wait for the first connection are each in their own trace', async () => {
  const { out, err, code, spans } = await run(['--import', 'mqtrace/register', 'connection-manager.cjs']);
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toEqual({ own: 6, of: 6 });
  expect(spans.filter(({ name }) => name.startsWith('publish '))).toHaveLength(6);
});
