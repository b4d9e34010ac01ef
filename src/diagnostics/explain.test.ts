import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { explain } from './explain.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-03`;
const text = (...given: Parameters<typeof explain>): string => String(explain(...given));

test('a valid Kafka message is described without the values of baggage', () => {
  const message = {
    value: Buffer.from('body'),
    headers: {
      mine: '1',
      traceparent: Buffer.from(traceparent),
      tracestate: 'ot=th:8,v=1',
      baggage: 'tenant=secret,n=,junk',
    },
  };
  expect(explain(message)).toMatchObject({ format: 'kafka', valid: true });
  expect(text(message)).toBe(
    [
      'kafka message with 4 headers',
      `traceparent: valid, trace ${traceId}, span b7ad6b7169203331, sampled, random trace id`,
      'tracestate: valid, 2 members (ot, v)',
      'baggage: 2 entries (tenant, n), 21 bytes; 1 members are invalid, repeated or too many',
      'propagator: the one in use, which reads traceparent, tracestate, baggage',
      `on receive: trace ${traceId} continues, as sampled, beneath span b7ad6b7169203331`,
      'on receive: baggage tenant, n is active',
    ].join('\n'),
  );
});

test.each<[string, string]>([
  [`${traceparent},${traceparent}x`, 'it holds several values'],
  [traceparent.toUpperCase(), 'hex digits must be lower-case'],
  [`ff${traceparent.slice(2)}`, 'version ff is not allowed'],
  [`0${traceparent}`, 'the version is not two lower-case hex digits'],
  ['00-abc-b7ad6b7169203331-01', 'the trace id is not 32 hex digits (3 characters)'],
  [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, 'the trace id is all zeros'],
  [`00-${traceId}-b7-01`, 'the span id is not 16 hex digits (2 characters)'],
  [`00-${traceId}-${'0'.repeat(16)}-01`, 'the span id is all zeros'],
  [`00-${traceId}-b7ad6b7169203331-1`, 'the flags are not two hex digits'],
  [`${traceparent}-x`, 'version 00 must end after the flags'],
])('a malformed traceparent %s: %s', (value, why) => {
  const told = text({ headers: { traceparent: value, tracestate: 'a=1' } });
  expect(told).toContain(`traceparent: malformed, ${why}`);
  expect(told).toContain('tracestate: present, not used without a valid traceparent');
  expect(told).toContain('on receive: a new trace, because it carries none');
});

test('headers that are present but not read are distinguished from missing ones', () => {
  const told = text({ headers: { tRaceParent: traceparent, baggage: 'x'.repeat(9000), tracestate: 'A=1' } });
  expect(told).toContain('traceparent: present, but not read');
  expect(told).toContain('baggage: present, but not read: not text, more than 8192 bytes');
  expect(text({ headers: {} })).toContain('traceparent: none');
  expect(text({ headers: { traceparent, tracestate: 'A=1' } })).toContain('tracestate: invalid');
  expect(text({ headers: { traceparent: [traceparent, `00-${traceId}-00f067aa0ba902b7-01`] } })).toContain(
    'given 2 times with different values',
  );
});

test('formats are recognized by their shapes', () => {
  expect(text({ fields: {}, properties: { headers: { traceparent } } })).toMatch(/^amqp message with 1 header/);
  expect(text({ fields: {}, properties: {} })).toMatch(/^amqp message with 0 headers/);
  expect(text(['1-0', ['a', '1', 'traceparent', traceparent]])).toMatch(
    /^redis message with 2 fields\ntraceparent: valid/,
  );
  expect(text(['a', '1'])).toMatch(/^redis message with 1 field/);
  expect(text({ method: 'GET', headers: { traceparent } })).toMatch(/^http message with 1 header\ntraceparent: valid/);
  expect(text(new Headers({ traceparent }))).toMatch(/^http message with 1 header\ntraceparent: valid/);
  expect(text({ traceparent })).toMatch(/^kafka message with 1 header\ntraceparent: valid/);
});

test('the outcome follows the options of the receiver', () => {
  const message = { headers: { traceparent, baggage: 'a=1,b=2' } };
  expect(text(message, { trust: 'link' })).toContain(
    'a new trace that links span b7ad6b7169203331, by the trust option',
  );
  expect(text(message, { parenting: 'link' })).toContain('by the parenting option');
  expect(text(message, { trust: 'ignore' })).toContain('because the trust option ignores its trace');
  expect(text(message, { trust: { sampled: 'ignore' } })).toContain('continues, as not sampled');
  expect(text(message, { baggage: { receive: { deny: ['a'] } } })).toContain('baggage b is active');
  expect(text(message, { baggage: (topic) => ({ receive: { deny: [topic] } }), destination: 'b' })).toContain(
    'baggage a is',
  );
});

test('with another propagator, present headers are distinguished from headers that are read', () => {
  const message = { headers: { 'X-B3-TraceId': traceId, 'X-B3-SpanId': 'b7ad6b7169203331', 'X-B3-Sampled': '1' } };
  expect(text(message)).toContain('x-b3-traceid: present, written by B3 (multi)');
  expect(text(message)).toContain('on receive: a new trace, because it carries none');
  const propagator = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
  expect(text(message, { propagator })).toContain(`on receive: trace ${traceId} continues`);
});

test('for any input there is a description and nothing is thrown', () => {
  const throws = (): never => {
    throw new Error('no');
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  for (const given of [
    null,
    undefined,
    7,
    'x',
    [],
    [[]],
    { headers: null },
    { headers: 7 },
    { properties: 7 },
    Symbol('x'),
    revoked.proxy,
    Object.defineProperty({}, 'headers', { get: throws }),
    { headers: Object.defineProperty({}, 'traceparent', { enumerable: true, get: throws }) },
  ]) {
    expect(explain(given).lines.length).toBeGreaterThan(3);
  }
  fc.assert(fc.property(fc.anything(), (given) => void explain(given)));
});

test.each([
  [null, 'explain options: expected an object, got null'],
  [{ propagators: 'mqtrace' }, 'unknown option "propagators"; did you mean "propagator"?'],
  [{ propagator: {} }, 'explain({ propagator })'],
  [{ adapter: {} }, 'explain({ adapter }): expected a carrier adapter (with get()), got an object'],
  [{ destination: '' }, 'explain({ destination }): expected a string that is not empty, got ""'],
  [{ parenting: 'child' }, "explain({ parenting }): expected 'parent', 'link', 'auto' or a function, got \"child\""],
  [{ trust: [] }, 'trust'],
  [{ baggage: [] }, 'baggage'],
])('options %o are rejected', (options, message) => {
  expect(() => explain({ headers: {} }, options as never)).toThrow(message);
});
