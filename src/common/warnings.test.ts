import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { reportFault, tracingFaults } from './faults.ts';
import { reportError, warn, warnEachMinute } from './warnings.ts';

let written: string[];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
  diag.disable();
});

test('without a logger a warning is one line on stderr, without text from others', () => {
  warn('1 spans lost (rejected)\nmore\u001b[2J', 'said by the receiver');
  expect(written).toEqual(['mqtrace: 1 spans lost (rejected) more [2J\n']);
});

test('a registered logger gets the warning instead, with the detail', () => {
  const reported = collectDiag();
  warn('1 spans lost', 'said by the receiver');
  expect(reported).toEqual(['mqtrace: 1 spans lost: said by the receiver']);
  expect(written).toEqual([]);
});

test('OTEL_LOG_LEVEL=none turns the lines on stderr off, other levels do not', () => {
  for (const level of ['none', ' NONE ', 'error']) {
    vi.stubEnv('OTEL_LOG_LEVEL', level);
    warn(level);
  }
  expect(written).toEqual(['mqtrace: error\n']);
});

test('at most one line per kind and minute', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  for (let i = 0; i < 3; i++) warnEachMinute('a', `a${i}`);
  warnEachMinute('b', 'b');
  vi.advanceTimersByTime(60_000);
  warnEachMinute('a', 'later');
  expect(written).toEqual(['mqtrace: a0\n', 'mqtrace: b\n', 'mqtrace: later\n']);
});

test('a logger or a stderr that throws does not reach the caller', () => {
  vi.spyOn(process.stderr, 'write').mockImplementation(() => {
    throw new Error('no stderr');
  });
  expect(() => warn('x')).not.toThrow();
});

test('stderr gets only the type of an error, once a minute per kind; a logger gets every error whole', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const error = new RangeError('card 4111 1111 1111 1111');
  for (let i = 0; i < 3; i++) reportError('handler', 'the handler failed', error);
  reportError(undefined, 'it failed', Object.assign(new Error('secret'), { code: 'ECONNRESET' }));
  reportError(undefined, 'it failed', 'secret');
  expect(written).toEqual([
    'mqtrace: the handler failed (RangeError)\n',
    'mqtrace: it failed (ECONNRESET)\n',
    'mqtrace: it failed (_OTHER)\n',
  ]);
  const reported = collectDiag();
  for (let i = 0; i < 2; i++) reportError('handler', 'the handler failed', error);
  expect(reported).toEqual(Array(2).fill(`mqtrace: the handler failed ${String(error)}`));
  expect(written).toHaveLength(3);
});

test('a fault of tracing is logged once a minute per place, without values, and every one is counted', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const before = tracingFaults();
  const awkward = new Proxy(new Error('x'), {
    get: () => {
      throw new Error('y');
    },
  });
  for (const error of [new TypeError('tenant=acme'), 1, undefined, awkward]) reportFault('starting a span', error);
  expect(() => reportFault('ending a span', awkward)).not.toThrow();
  vi.advanceTimersByTime(60_000);
  reportFault('starting a span', new RangeError('x'));
  expect(written).toEqual([
    'mqtrace: starting a span failed; the application is not affected (TypeError)\n',
    'mqtrace: starting a span failed; the application is not affected (RangeError)\n',
  ]);
  expect(tracingFaults()).toBe(before + 6);
});
