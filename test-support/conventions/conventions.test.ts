import { type Attributes, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { checkMetric } from './check-metric.ts';
import { type CheckedSpan, checkSpan } from './check-span.ts';

const linked = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
const attributes: Attributes = {
  'messaging.system.name': 'kafka',
  'messaging.operation.name': 'send',
  'messaging.operation.type': 'send',
  'messaging.destination.name': 'orders',
};
const good: CheckedSpan = {
  name: 'send orders',
  kind: SpanKind.PRODUCER,
  attributes,
  startAttributes: attributes,
  links: [{ context: linked, attributes: { 'kafka.offset': 3 } }],
  events: [],
  status: { code: SpanStatusCode.UNSET },
};
const having = (more: Attributes): Partial<CheckedSpan> => ({ attributes: { ...attributes, ...more } });

test('a conforming span has no problems', () => {
  expect(checkSpan(good)).toEqual([]);
});

test.each<[Partial<CheckedSpan>, RegExp]>([
  [having({ 'kafka.offset': '3' }), /kafka\.offset is "3", expected int/],
  [having({ 'messaging.operation.type': 'publish' }), /no convention has an operation of type publish/],
  [having({ 'messaging.destination': 'orders' }), /messaging\.destination is in no convention/],
  [having({ 'messaging.system': 'rabbitmq' }), /messaging\.system\.name and messaging\.system differ/],
  [having({ 'http.route': '/' }), /http\.route is not an attribute of this kind of span/],
  [having({ 'server.address': 'a' }), /server\.address must be set when the span starts/],
  [having({ 'messaging.destination.temporary': false }), /only if it is true/],
  [having({ 'error.type': 'Error' }), /there is an error\.type/],
  [{ attributes: { ...attributes, 'messaging.operation.name': undefined } }, /messaging\.operation\.name/],
  [{ name: 'orders send' }, /the name must be  "send orders"/],
  [{ kind: SpanKind.SERVER }, /with kind server/],
  [{ status: { code: SpanStatusCode.ERROR } }, /there is no error\.type/],
  [{ status: { code: SpanStatusCode.OK } }, /the status is OK/],
  [{ links: [{ context: { ...linked, spanId: '0'.repeat(16) } }] }, /invalid span context/],
  [{ links: [{ context: linked, attributes: { 'messaging.system.name': 'kafka' } }] }, /does not describe a message/],
  [{ events: [{ name: 'exception', attributes: {} }] }, /neither exception\.type nor/],
])('%o is a problem', (wrong, problem) => {
  expect(checkSpan({ ...good, ...wrong }).join('\n')).toMatch(problem);
});

const metric = (name: string, unit: string, type: string, of: Attributes = {}): string =>
  checkMetric({ descriptor: { name, unit, type }, dataPoints: [{ attributes: of }] }).join('\n');

test('metrics are checked for names, units, instruments and attributes', () => {
  expect(metric('otel.sdk.span.live', '{span}', 'OBSERVABLE_UP_DOWN_COUNTER')).toBe('');
  expect(metric('otel.sdk.span.live', '{span}', 'COUNTER')).toMatch(/the instrument is COUNTER/);
  expect(metric('otel.sdk.span.live', 's', 'OBSERVABLE_UP_DOWN_COUNTER')).toMatch(/the unit is s/);
  expect(metric('otel.sdk.span.alive', '{span}', 'COUNTER')).toMatch(/in no convention/);
  expect(metric('messaging.client.sent.messages', '{message}', 'COUNTER')).toMatch(
    /messaging\.system\.name is required/,
  );
  expect(metric('mqtrace.span.ended', '{span}', 'COUNTER', { 'mqtrace.unheard': 1 })).toMatch(
    /not documented by mqtrace/,
  );
  for (const each of ['messaging.destination.partition.id', 'messaging.message.id', 'messaging.kafka.offset']) {
    expect(metric('mqtrace.span.ended', '{span}', 'COUNTER', { [each]: '1' })).toMatch(/too many values for a metric/);
  }
});
