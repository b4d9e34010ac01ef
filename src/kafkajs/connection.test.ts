import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { Connection } from './connection.ts';

/** Events as kafkajs makes them; the integration tests show that it does. */
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

it('the broker is known as long as there is one; then nothing is listened to', () => {
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
  // An operation that was started with the first broker turned out to be with the second.
  expect(connection.learnedSince(known)).toStrictEqual({ 'server.address': 'b2', 'server.port': 9092 });
  expect(from.emitter.listenerCount('request')).toBe(0);
});

it('what the options tell is not listened for', () => {
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

it('a client without events, or one whose events fail, is traced with what is known', () => {
  expect(new Connection({} as never, {}, true).attributes).toStrictEqual({});
  const broken = {
    events: { REQUEST: 'request' },
    on(): never {
      throw new Error('no');
    },
  };
  expect(new Connection(broken as never, {}, true).attributes).toStrictEqual({});
});
