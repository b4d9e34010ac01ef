import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { ClientAttributes } from './client-attributes.ts';

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
  const facts = new ClientAttributes(from as never, {}, false);
  expect([facts.attributes, facts.broker]).toStrictEqual([{}, undefined]);
  from.emitter.emit('request', { payload: { clientId: 'c', broker: '[::1]:9092' } });
  from.emitter.emit('request', { payload: { clientId: 'c', broker: '[::1]:9092' } });
  expect(facts.attributes).toStrictEqual({ 'messaging.client.id': 'c' });
  expect(facts.broker).toStrictEqual({ 'server.address': '[::1]', 'server.port': 9092 });
  from.emitter.emit('request', { payload: { clientId: 'c', broker: 'b2:9092' } });
  expect(facts.broker).toBeUndefined();
  expect(from.emitter.listenerCount('request')).toBe(0);
});

it('what the options tell is not listened for', () => {
  const from = client();
  const options = { clientId: 'c', groupId: 'g', server: { address: 'kafka' } };
  const facts = new ClientAttributes(from as never, options, true);
  expect(facts.attributes).toStrictEqual({
    'messaging.client.id': 'c',
    'messaging.consumer.group.name': 'g',
    'server.address': 'kafka',
  });
  expect(from.emitter.eventNames()).toStrictEqual([]);
});

it('the client id and the group are taken from the first event', () => {
  const from = client();
  const facts = new ClientAttributes(from as never, { server: { address: 'kafka', port: 1 } }, true);
  from.emitter.emit('join', { payload: { groupId: 'g' } });
  from.emitter.emit('request', { payload: { clientId: 'c', broker: 'b:1' } });
  expect(from.emitter.listenerCount('request') + from.emitter.listenerCount('join')).toBe(0);
  expect(facts.attributes).toMatchObject({ 'messaging.client.id': 'c', 'messaging.consumer.group.name': 'g' });
  expect(facts.broker).toBeUndefined();
});

it('a client without events, or one whose events fail, is traced with what is known', () => {
  expect(new ClientAttributes({} as never, {}, true).attributes).toStrictEqual({});
  const broken = {
    events: { REQUEST: 'request' },
    on(): never {
      throw new Error('no');
    },
  };
  expect(new ClientAttributes(broken as never, {}, true).attributes).toStrictEqual({});
});
