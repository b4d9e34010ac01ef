import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { Connection } from './connection.ts';

/** Events in the form of kafkajs, as verified by the integration tests. */
function client(): { emitter: EventEmitter; events: object; on: (name: string, listener: () => void) => () => void } {
  const emitter = new EventEmitter();
  return {
    emitter,
    events: { REQUEST: 'request', GROUP_JOIN: 'join' },
    on: (name, listener) => {
      emitter.on(name, listener);
      return () => emitter.off(name, listener);
    },
  };
}

it('the broker is known while there is only one; then no listeners are left', () => {
  const from = client();
  const connection = new Connection(from as never, {}, false);
  const unknown = connection.attributes;
  expect([unknown, connection.learnedSince(unknown)]).toStrictEqual([{}, undefined]);
  from.emitter.emit('request', { payload: { clientId: 'c', broker: '[::1]:9092' } });
  from.emitter.emit('request', { payload: { clientId: 'c', broker: '[::1]:9092' } });
  const first = { 'server.address': '[::1]', 'server.port': 9092 };
  const known = connection.attributes;
  expect(known).toStrictEqual({ 'messaging.client.id': 'c', ...first });
  expect([connection.learnedSince(unknown), connection.learnedSince(known)]).toStrictEqual([first, undefined]);
  from.emitter.emit('request', { payload: { clientId: 'c', broker: 'b2:9092' } });
  expect(connection.attributes).toStrictEqual({ 'messaging.client.id': 'c' });
  // An operation that started with the first broker was handled by the second.
  expect(connection.learnedSince(known)).toStrictEqual({ 'server.address': 'b2', 'server.port': 9092 });
  expect(from.emitter.listenerCount('request')).toBe(0);
});

it('there are no listeners for values that the options set', () => {
  const from = client();
  const options = { clientId: 'c', groupId: 'g', server: { address: 'kafka' } };
  const connection = new Connection(from as never, options, true);
  expect(connection.attributes).toStrictEqual({
    'messaging.client.id': 'c',
    'messaging.consumer.group.name': 'g',
    'server.address': 'kafka',
  });
  expect(from.emitter.eventNames()).toStrictEqual([]);
});

it('the client id and the group are taken from the first event', () => {
  const from = client();
  const connection = new Connection(from as never, { server: { address: 'kafka', port: 1 } }, true);
  from.emitter.emit('join', { payload: { groupId: 'g' } });
  from.emitter.emit('request', { payload: { clientId: 'c', broker: 'b:1' } });
  expect(from.emitter.listenerCount('request') + from.emitter.listenerCount('join')).toBe(0);
  expect(connection.attributes).toMatchObject({ 'messaging.client.id': 'c', 'messaging.consumer.group.name': 'g' });
  expect(connection.learnedSince({})).toBeUndefined();
});

it('a client without events, or with failing events, is traced with the known attributes', () => {
  expect(new Connection({} as never, {}, true).attributes).toStrictEqual({});
  const broken = {
    events: { REQUEST: 'request' },
    on(): never {
      throw new Error('no');
    },
  };
  expect(new Connection(broken as never, {}, true).attributes).toStrictEqual({});
});
