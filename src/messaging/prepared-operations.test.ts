import { type Attributes, ROOT_CONTEXT, SpanKind } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { Messaging, type OperationDescription, startOperation } from './index.ts';
import { PreparedOperations } from './prepared-operations.ts';

const recorded = recordRegisteredSpans();
const facts = { 'server.address': 'host', 'server.port': 1 };
const send = { name: 'send', type: 'send', destination: { name: 'orders' }, attributes: facts } as const;

/** Every way in which an operation differs from `send`. */
const others: readonly Partial<OperationDescription>[] = [
  { name: 'publish' },
  { type: 'create' },
  { destination: { name: 'invoices' } },
  { destination: { name: 'orders', template: '{x}' } },
  { destination: { name: 'orders', anonymous: true } },
  { destination: { name: 'orders', temporary: true } },
  { destination: undefined },
  { destination: undefined, withoutDestination: true },
  { attributes: undefined },
  { attributes: { 'server.address': 'host' } },
  { attributes: { 'server.address': 'other', 'server.port': 1 } },
  { attributes: { 'server.address': 'host', 'server.port': '1' } },
  { attributes: { ...facts, 'messaging.client.id': 'c' } },
];

test('an operation is prepared once, also if its facts are a new object with the same values', () => {
  const operations = new PreparedOperations('kafka', 'latest');
  const first = operations.get(send, SpanKind.PRODUCER);
  for (const other of others) operations.get({ ...send, ...other }, SpanKind.PRODUCER);
  expect(operations.get({ ...send, destination: { name: 'orders' } }, SpanKind.PRODUCER)).not.toBe(undefined);
  const again = operations.get(send, SpanKind.PRODUCER);
  expect(operations.get({ ...send, attributes: { ...facts } }, SpanKind.PRODUCER)).toBe(again);
  expect(operations.get({ ...send, attributes: { ...facts, x: undefined } }, SpanKind.PRODUCER).attributes).toEqual(
    first.attributes,
  );
});

test('operations that differ in any way have the same name and attributes as without a cache', () => {
  const shared = new PreparedOperations('kafka', 'dup');
  const all = [{}, ...others, {}, ...[...others].reverse()];
  for (const kind of [SpanKind.PRODUCER, SpanKind.CLIENT]) {
    for (const other of all) {
      const described = { ...send, ...other };
      const { name, kind: preparedKind, attributes } = shared.get(described, kind);
      const alone = new PreparedOperations('kafka', 'dup').get(described, kind);
      expect([name, preparedKind, attributes]).toEqual([alone.name, kind, alone.attributes]);
    }
  }
});

test('a destination that the caller modifies is prepared again', () => {
  const operations = new PreparedOperations('kafka', 'latest');
  const destination = { name: 'orders', temporary: false };
  const described = { ...send, destination };
  expect(operations.get(described, SpanKind.PRODUCER).name).toBe('send orders');
  destination.temporary = true;
  expect(operations.get(described, SpanKind.PRODUCER).name).toBe('send');
});

test('the number of cached destinations and client attributes is limited', () => {
  const operations = new PreparedOperations('kafka', 'latest');
  const first = operations.get(send, SpanKind.PRODUCER);
  for (let at = 0; at < 20; at++) operations.get({ ...send, attributes: { at } }, SpanKind.PRODUCER);
  expect(operations.get(send, SpanKind.PRODUCER)).not.toBe(first);
  const second = operations.get(send, SpanKind.PRODUCER);
  for (let at = 0; at < 5000; at++) operations.get({ ...send, destination: { name: `d${at}` } }, SpanKind.PRODUCER);
  expect(operations.get(send, SpanKind.PRODUCER)).not.toBe(second);
});

test('new client attributes are on the next span; attributes of one operation are only on that one, and take precedence', () => {
  const messaging = new Messaging('kafka', 'test', {});
  const start = (attributes: Attributes, own?: Attributes): void =>
    startOperation(messaging, { ...send, attributes, own }, { kind: SpanKind.PRODUCER, parent: ROOT_CONTEXT }).end();
  start({ 'server.address': 'a' });
  start({ 'server.address': 'b' }, { 'messaging.message.id': '1', 'left.out': undefined });
  start({ 'server.address': 'b' });
  start({ 'server.address': 'b' }, { 'server.address': 'c' });
  const common = {
    'messaging.system.name': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.destination.name': 'orders',
  };
  expect(recorded.named('send orders').map(({ attributes }) => attributes)).toEqual([
    { ...common, 'server.address': 'a' },
    { ...common, 'server.address': 'b', 'messaging.message.id': '1' },
    { ...common, 'server.address': 'b' },
    { ...common, 'server.address': 'c' },
  ]);
});
