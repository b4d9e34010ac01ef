import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { W3CBaggage } from '../propagation/w3c-baggage.ts';
import { DirectHeaders } from './direct-headers.ts';
import { traceChannel } from './index.ts';

const require = createRequire(import.meta.url);
beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  vi.useFakeTimers({ toFake: ['Date'], now: 1_760_000_000_123 });
});
afterAll(() => {
  context.disable();
  vi.useRealTimers();
});

const inTrace = (traceFlags: number) =>
  trace.setSpanContext(ROOT_CONTEXT, {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags,
  });
const parents = {
  none: ROOT_CONTEXT,
  unsampled: inTrace(2),
  sampled: inTrace(3),
  baggage: propagation.setBaggage(inTrace(2), W3CBaggage.fromHeader('tenant=acme,x=a%20b')),
};

type Publish = (exchange: string, key: string, content: unknown, options?: unknown, confirmed?: unknown) => unknown;
type Channel = EventEmitter & { publish: Publish; sendToQueue: unknown; unconfirmed: unknown[]; toClosed(): void };
type Class = new (connection: object) => Channel;
interface Kind {
  name: string;
  Class: Class;
  encode: (fields: object, properties: object, size: number) => string;
}

const kinds: Kind[] = ['amqplib-0.8', 'amqplib-0.10', 'amqplib-2.2', 'amqplib'].flatMap((version) => {
  const defs = require(`../../node_modules/${version}/lib/defs.js`) as Record<
    'encodeMethod' | 'encodeProperties',
    (...args: unknown[]) => Buffer
  > &
    Record<string, unknown>;
  const encode = (fields: object, properties: object, size: number): string =>
    Buffer.concat([
      defs.encodeMethod(defs['BasicPublish'], 1, fields),
      defs.encodeProperties(defs['BasicProperties'], 1, size, properties),
    ]).toString('latin1');
  return ['channel_model', 'callback_model'].flatMap((file) => {
    const classes = require(`../../node_modules/${version}/lib/${file}.js`) as Record<string, Class>;
    return ['Channel', 'ConfirmChannel'].map((name) => ({
      name: `${version}, ${file}, ${name}`,
      Class: classes[name]!,
      encode,
    }));
  });
});

/** A channel of amqplib on a connection that keeps the bytes it would send. */
function open({ Class, encode }: Kind, fastPath?: boolean): { channel: Channel; sent: string[] } {
  const sent: string[] = [];
  const channel = new Class({
    channels: [],
    frameMax: 131_072,
    serverProperties: {},
    releaseChannel() {},
    sendMessage(_: number, __: unknown, fields: object, ___: unknown, properties: object, content: unknown) {
      if (!Buffer.isBuffer(content)) throw new TypeError('content is not a buffer');
      sent.push(encode(fields, properties, content.length));
      return sent.length % 2 === 0;
    },
  });
  if (fastPath !== undefined) traceChannel(channel as never, { fastPath });
  return { channel, sent };
}

const text = fc.constantFrom('', 'orders', 'ä€😀', 'x'.repeat(300));
const headerValue = fc.oneof(
  text,
  fc.constantFrom<unknown>(7, 1.5, true, null, undefined, 2 ** 40, Buffer.from('b'), ['a', 1], { deep: { er: 1 } }),
  fc.constantFrom<unknown>({ '!': 'timestamp', value: 7 }, () => 1, 'x'.repeat(65_000)),
);
const name = fc.constantFrom('a', 'traceparent', 'TraceParent', 'baggage', 'CC', 'BCC', 'mqtrace-sent-at', 'x-death');
const headers = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(name, headerValue, { maxKeys: 4 }) },
  fc.constantFrom<unknown>(
    undefined,
    null,
    '',
    'text',
    ['x'],
    0,
    new Map([['a', 1]]),
    Object.create({ a: 1, CC: 'x' }),
  ),
);
const options = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      {
        headers,
        CC: fc.constantFrom<unknown>('one', ['one', 'two'], undefined),
        BCC: fc.constantFrom<unknown>('three', []),
        persistent: fc.boolean(),
        deliveryMode: fc.constantFrom<unknown>(1, true, 2),
        expiration: fc.constantFrom<unknown>(1000, '1000'),
        mandatory: fc.boolean(),
        contentType: fc.constantFrom('application/json', 'application/cloudevents+json'),
        messageId: text,
        correlationId: text,
        replyTo: text,
        timestamp: fc.nat(),
        unknown: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
  },
  fc.constantFrom<unknown>(undefined, null, Object.freeze({ headers: Object.freeze({ a: 1 }) })),
  fc.constant(Object.create({ appId: 'inherited', headers: { a: 1 } }, { type: { value: 'own' } })),
);
const publish = fc.record({
  parent: fc.constantFrom(...(Object.keys(parents) as (keyof typeof parents)[])),
  exchange: fc.constantFrom('', 'shop'),
  options,
  content: fc.constantFrom<unknown>(Buffer.from('7'), Buffer.alloc(0), 'text'),
  confirmed: fc.constantFrom<unknown>(undefined, () => {}),
});
type Published = typeof publish extends fc.Arbitrary<infer Value> ? Value : never;

function run(kind: Kind, steps: readonly Published[], fastPath: boolean): unknown {
  const { channel, sent } = open(kind, fastPath);
  const results = steps.map(({ parent, exchange, options, content, confirmed }) => {
    try {
      return context.with(parents[parent], () => channel.publish(exchange, 'orders', content, options, confirmed));
    } catch (error) {
      return String(error);
    }
  });
  return { results, sent, unconfirmed: channel.unconfirmed?.length };
}

describe.each(kinds)('$name', (kind) => {
  test('is recognized', () => {
    expect(DirectHeaders.of(open(kind).channel)?.isUsable).toBe(true);
  });

  test('the same bytes are sent as with the headers in the options', () => {
    const faults = tracingFaults();
    fc.assert(
      fc.property(fc.array(publish, { minLength: 1, maxLength: 6 }), (steps) => {
        expect(run(kind, steps, true)).toEqual(run(kind, steps, false));
      }),
      { numRuns: 60 },
    );
    expect(tracingFaults()).toBe(faults);
  });

  test('a publish during a publish has its own headers', () => {
    const { channel, sent } = open(kind, true);
    const body = Buffer.from('7');
    const publish = (parent: keyof typeof parents, key: string, options: object): unknown =>
      context.with(parents[parent], () => channel.publish('', key, body, options));
    let isNested = false;
    const options = {
      get expiration(): string {
        if (!isNested) {
          isNested = true;
          publish('unsampled', 'inner', {});
          publish('none', 'without', {});
        }
        return '5';
      },
    };
    publish('baggage', 'outer', options);
    publish('none', 'last', { headers: { a: 1 } });
    const names = (bytes: string) => bytes.match(/inner|without|outer|last|traceparent|tenant/g)?.join(' ');
    expect(sent.map(names)).toEqual(['inner traceparent', 'without', 'outer traceparent tenant', 'last']);
  });

  test('the channel has the same enumerable properties, also when it is closed', () => {
    const [raw, traced] = [open(kind).channel, open(kind, true).channel];
    expect(Object.keys(traced)).toEqual(Object.keys(raw));
    for (const channel of [raw, traced]) channel.toClosed();
    expect(Object.keys(traced).toSorted()).toEqual(Object.keys(raw).toSorted());
    expect(() => traced.publish('', 'orders', Buffer.from('7'))).toThrow('Channel closed');
  });

  test('a method that is replaced later gets the headers in the options', () => {
    const { channel } = open(kind, true);
    const seen: unknown[] = [];
    Object.assign(channel, { sendMessage: ({ headers }: { headers: object }) => seen.push(headers) });
    context.with(parents.unsampled, () => channel.publish('', 'orders', Buffer.from('7'), {}));
    expect(seen).toMatchObject([{ traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02' }]);
  });
});

test.each<[string, (kind: Kind) => Channel]>([
  ['a mock', () => Object.assign(new EventEmitter(), { publish() {}, sendMessage() {} }) as never],
  ['an own publish', (kind) => Object.assign(open(kind).channel, { publish: () => true })],
  ['an own sendMessage', (kind) => Object.assign(open(kind).channel, { sendMessage: () => true })],
  [
    'a subclass that publishes later',
    (kind) =>
      new (class extends kind.Class {
        override publish = undefined as never;
      })({}),
  ],
  [
    'a subclass with another publish',
    ({ Class }) => {
      class Later extends Class {}
      Later.prototype.publish = function publish(...args) {
        return Class.prototype.publish.apply(this, args);
      };
      return new Later({});
    },
  ],
])('%s is not recognized', (_, make) => {
  for (const kind of kinds) expect(DirectHeaders.of(make(kind))).toBeUndefined();
});

test('minified code is recognized', () => {
  const source =
    'class t{publish(e,t,r,n){let i=B.publish(e,t,n);return this.sendMessage(i,i,r)}' +
    'sendMessage(e,t,r){return this.connection.sendMessage(this.ch,x.a,e,x.b,t,r)}}' +
    'class n extends t{publish(e,t,r,n,i){let s=super.publish(e,t,r,n);return this.pushConfirmCallback(i),s}}' +
    'class o extends t{publish(e,t,r,n,i){return this.pushConfirmCallback(i),super.publish(e,t,r,n)}}';
  // oxlint-disable-next-line typescript/no-implied-eval -- as a bundler writes it
  const classes = new Function(`${source};return[t,n,o]`)() as Class[];
  for (const Class of classes) expect(DirectHeaders.of(new Class({}))).toBeDefined();
});
