import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { warn, warnEachMinute } from './warnings.ts';

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

test('without a logger a warning is one line on stderr, without what others wrote', () => {
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

test('one line for each kind and minute', () => {
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
