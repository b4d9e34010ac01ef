import { context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { kafkaHeaders } from '../../carriers/index.ts';
import { recordSpans } from '../../test-support/spans.ts';
import { tracingFaults } from '../common/faults.ts';
import { Messaging, type Outgoing, startProcessing, startReceiving, startSending, type TraceOptions } from './index.ts';
import type { MessageView } from './message-view.ts';
import { readIncoming } from './testing/read-incoming.ts';

const recording = recordSpans();
beforeEach(() => recording.clear());

const messagingWith = (options: TraceOptions): Messaging =>
  new Messaging('kafka', 'test', { tracerProvider: recording.tracerProvider, ...options });
const message = (more: object): Outgoing<never> => ({ destination: { name: 'orders' }, headers: undefined, ...more });
const sendOf = (options: TraceOptions, ...messages: object[]): void =>
  startSending(
    messagingWith(options),
    kafkaHeaders as never,
    { name: 'send' },
    messages.map(message),
    context.active(),
  ).operation.end();

/** The captured headers of a sent message. */
function captured(captureHeaders: TraceOptions['captureHeaders'], headers: unknown): Record<string, unknown> {
  recording.clear();
  sendOf({ captureHeaders }, { headers });
  const names = Object.entries(recording.span('send orders').attributes).filter(([name]) => name.includes('.header.'));
  return Object.fromEntries(names.map(([name, value]) => [name.replace('messaging.header.', ''), value]));
}

describe('captureHeaders', () => {
  test('captures names in any case, patterns, numbers, bytes and repeated values', () => {
    const headers = { Order: '7', 'x-a': Buffer.from('ä'), 'x-b': ['1', Buffer.from('2')], 'x-c': 3, other: 'no' };
    expect(captured(['ORDER', 'X-*'], headers)).toEqual({
      order: ['7'],
      'x-a': ['ä'],
      'x-b': ['1', '2'],
      'x-c': ['3'],
    });
  });

  test('captures the fields of a list, also with repeated and binary names, and the entries of a Map', () => {
    const fields = ['order', '7', Buffer.from('order'), Buffer.from('8'), Buffer.from([0xff]), 'no'];
    expect(captured(['*'], fields)).toEqual({ order: ['7', '8'] });
    expect(
      captured(
        ['*'],
        new Map<unknown, unknown>([
          ['order', '7'],
          [1, 'no'],
        ]),
      ),
    ).toEqual({ order: ['7'] });
  });

  test('omits trace headers, and values without a text form', () => {
    const traceparent = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`;
    const headers = {
      traceparent,
      TraceState: 'a=1',
      baggage: 'a=1',
      'mqtrace-sent-at': '1',
      'x-death': [{}],
      own: '1',
    };
    expect(captured(['*'], headers)).toEqual({ own: ['1'] });
    expect(captured(['*'], { binary: Buffer.from([0xff, 0xfe]), nothing: null, table: {} })).toEqual({});
  });

  test('redacts what usually is secret, and the given names as well', () => {
    const headers = { Authorization: 'Bearer x', 'X-Api-Key': '1', 'set-cookie': 'a', account: '7', order: '8' };
    const usual = { authorization: ['REDACTED'], 'x-api-key': ['REDACTED'], 'set-cookie': ['REDACTED'] };
    expect(captured(['*'], headers)).toEqual({ ...usual, account: ['7'], order: ['8'] });
    expect(captured({ names: ['*'], redact: ['ACC*'] }, headers)).toEqual({
      ...usual,
      account: ['REDACTED'],
      order: ['8'],
    });
  });

  test('a function decides what is recorded instead', () => {
    const redact = (name: string, value: string): string | undefined =>
      name === 'token' ? value.slice(0, 2) : undefined;
    expect(captured({ names: ['*'], redact }, { Token: 'abcdef', order: '8' })).toEqual({ token: ['ab'] });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('redact');
      },
    ],
    ['returns a promise', () => Promise.reject(new Error('redact'))],
    ['returns no text', () => 7],
  ])('a function that %s is a fault, and nothing is captured', (_, redact) => {
    const before = tracingFaults();
    expect(captured({ names: ['*'], redact: redact as never }, { order: '8' })).toEqual({});
    expect(tracingFaults()).toBe(before + 1);
  });

  test('is limited: 32 headers, 16 values of each, 1024 characters of a value, names of 128', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`h${at}`, '1']));
    expect(Object.keys(captured(['*'], many))).toHaveLength(32);
    const long = captured(['*'], { a: 'x'.repeat(5000), b: Buffer.from('ä'.repeat(5000)), c: Array(50).fill('1') });
    expect([long['a'], long['b'], long['c']]).toEqual([['x'.repeat(1024)], ['ä'.repeat(512)], Array(16).fill('1')]);
    expect(captured(['*'], { a: Buffer.from(`x${'ä'.repeat(5000)}`), ['n'.repeat(200)]: '1' })).toEqual({
      a: [`x${'ä'.repeat(511)}`],
    });
  });

  test('a header that cannot be read is a fault, and the message is sent', () => {
    const before = tracingFaults();
    const headers = Object.defineProperty({}, 'own', {
      enumerable: true,
      get: () => {
        throw new Error('getter');
      },
    });
    expect(captured(['*'], headers)).toEqual({});
    expect(tracingFaults()).toBeGreaterThan(before);
  });
});

describe('onSend and onProcess', () => {
  test('each message of a send is shown with its own span, and with the one span where there are no create spans', () => {
    const seen: [string | undefined, string][] = [];
    const onSend = (span: Span, { headers }: MessageView): void =>
      void seen.push([headers['order'], span.spanContext().spanId]);
    const messages = [{ headers: { order: '1' } }, { headers: { order: '2' } }];
    sendOf({ onSend }, ...messages);
    const created = recording.named('create orders').map((span) => span.spanContext().spanId);
    expect(seen).toEqual([
      ['1', created[0]],
      ['2', created[1]],
    ]);
    seen.length = 0;
    recording.clear();
    sendOf({ onSend, createSpans: false }, ...messages);
    const one = recording.span('send orders').spanContext().spanId;
    expect(seen).toEqual([
      ['1', one],
      ['2', one],
    ]);
  });

  test('the view is frozen, and its key, body and headers are copies', () => {
    const body = Buffer.from('paid');
    const headers = { order: '7', repeated: ['1', '2'] };
    let view: MessageView | undefined;
    sendOf({ onSend: (_, message) => void (view = message) }, { headers, body, key: Buffer.from('k') });
    (view!.body as Buffer).fill(0);
    (view!.key as Buffer).fill(0);
    expect([body.toString(), String(view!.body), String(view!.key)]).toEqual(['paid', 'paid', 'k']);
    expect({ ...view!.headers }).toEqual({ order: '7', repeated: '2' });
    expect(() => ((view as { destination: string }).destination = 'x')).toThrow(TypeError);
    expect(() => ((view!.headers as { order: string }).order = 'x')).toThrow(TypeError);
    expect([view!.destination, headers.order]).toEqual(['orders', '7']);
  });

  test('are not called for spans that do not record', () => {
    const hook = vi.fn();
    const options = { onSend: hook, onProcess: hook, captureHeaders: { names: ['*'], redact: hook } };
    const unsampled = trace.setSpanContext(ROOT_CONTEXT, {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      traceFlags: 0,
    });
    const messaging = new Messaging('kafka', 'test', options);
    const incoming = readIncoming(messaging, kafkaHeaders, { order: '7' }, { destination: { name: 'orders' } });
    startSending(messaging, kafkaHeaders as never, { name: 'send' }, [message({ headers: { a: '1' } })], unsampled);
    startSending(messaging, kafkaHeaders as never, { name: 'send' }, [message({ headers: { a: '1' } })], ROOT_CONTEXT);
    startProcessing(messaging, { name: 'process' }, incoming, unsampled).end();
    startReceiving(messaging, { name: 'get' }, incoming, unsampled).end();
    expect(hook).not.toHaveBeenCalled();
  });

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('hook');
      },
    ],
    ['rejects', () => Promise.reject(new Error('hook'))],
  ])('a hook that %s is a fault, and the span has everything else', async (_, hook) => {
    const before = tracingFaults();
    sendOf({ onSend: () => hook() as void, bodySize: true }, { body: 'paid' });
    await Promise.resolve();
    expect(tracingFaults()).toBe(before + 1);
    expect(recording.span('send orders').attributes['messaging.message.body.size']).toBe(4);
  });

  test('a hook whose promise never settles is not awaited', () => {
    const hook = (): unknown => new Promise(() => {});
    sendOf({ onSend: () => hook() as void, bodySize: true }, { body: 'paid' });
    expect(recording.span('send orders').attributes['messaging.message.body.size']).toBe(4);
  });
});

test.each([
  [{ captureHeaders: 'order' }, /captureHeaders.*expected names of headers/],
  [{ captureHeaders: [7] }, /captureHeaders.*names.*expected an array of patterns/],
  [{ captureHeaders: {} }, /captureHeaders.*names.*expected an array of patterns/],
  [{ captureHeaders: { names: ['a'], redacts: [] } }, /redact/],
  [{ captureHeaders: { names: ['a'], redact: 'a' } }, /redact.*expected an array of patterns/],
  [{ onSend: true }, /onSend.*expected a function of the span and the message/],
  [{ onProcess: {} }, /onProcess.*expected a function/],
])('throws for %j', (options, expected) => {
  expect(() => messagingWith(options as never)).toThrow(expected);
});
