import { expect, test } from 'vitest';
import type { Binding, Management } from './rabbitmq-management.ts';
import { usableBindings } from './sample-rabbitmq.ts';

const binding = (source: string, key = 'order.*'): Binding => ({ source, routing_key: key, arguments: {} });
const management = (
  bindings: Binding[],
  types: Record<string, string>,
): Pick<Management, 'bindings' | 'exchangeType'> => ({
  bindings: () => Promise.resolve(bindings),
  exchangeType: (name) => Promise.resolve(types[name]!),
});

test('only exchanges that copy to each queue are bound', async () => {
  const given = management([binding(''), binding('shop'), binding('shards')], {
    shop: 'topic',
    shards: 'x-consistent-hash',
  });
  expect(await usableBindings(given, 'orders')).toEqual([binding('shop')]);
});

test.each(['x-consistent-hash', 'x-random', 'x-modulus-hash'])('an exchange of type %s is rejected', async (type) => {
  const given = management([binding('shards')], { shards: type });
  await expect(usableBindings(given, 'orders')).rejects.toThrow(
    `of type ${type}: an additional queue would take messages from`,
  );
});
