import { expect, test } from 'vitest';
import { exceptionOf } from './error-type.ts';
import { redactQuery, redactSecrets } from './redact.ts';

test.each([
  ['http://user:pass@host/', 'http://REDACTED:REDACTED@host/'],
  ['cannot fetch http://user@host:1/a?b=c@d', 'cannot fetch http://REDACTED:REDACTED@host:1/a?b=c@d'],
  ['amqp://u:p@ss@host and redis://:secret@host', 'amqp://REDACTED:REDACTED@host and redis://REDACTED:REDACTED@host'],
  ['http://host/a@b', 'http://host/a@b'],
  ['mail a@b.c', 'mail a@b.c'],
  [
    'http://h/?X-Amz-Signature=1&x=2&X-Amz-Credential=3',
    'http://h/?X-Amz-Signature=REDACTED&x=2&X-Amz-Credential=REDACTED',
  ],
  ['failed: http://h/?sig=1 (twice)', 'failed: http://h/?sig=REDACTED (twice)'],
])('%s is redacted to %s', (given, told) => {
  expect(redactSecrets(given)).toBe(told);
});

test.each([
  'AWSAccessKeyId',
  'Signature',
  'sig',
  'X-Goog-Signature',
  'X-Goog-Credential',
  'X-Amz-Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'x-amz-security-token',
  'access_token',
  'refresh_token',
  'token',
  'client_secret',
  'api_key',
  'apikey',
  'password',
])('the parameter %s is redacted at any position', (name) => {
  expect(redactQuery(`${name}=x`)).toBe(`${name}=REDACTED`);
  expect(redactQuery(`a=1&${name}=x%20y&b=2`)).toBe(`a=1&${name}=REDACTED&b=2`);
  expect(redactQuery(`not${name}=x`)).toBe(`not${name}=x`);
});

test('an exception without secrets is recorded unchanged; otherwise a redacted copy is recorded', () => {
  const plain = new Error('plain');
  expect(exceptionOf(plain)).toBe(plain);
  const secret = Object.assign(new TypeError('at http://user:pass@host/'), { code: 'E' });
  const told = exceptionOf(secret) as { name: string; message: string; stack: string; code: string };
  expect(told).toMatchObject({ name: 'TypeError', message: 'at http://REDACTED:REDACTED@host/', code: 'E' });
  expect(told.stack).not.toContain('pass@');
  expect(secret.message).toContain('user:pass');
  expect(exceptionOf('http://user:pass@host/')).toBe('http://REDACTED:REDACTED@host/');
  expect(exceptionOf(undefined)).toBe('undefined');
});

test('the time is linear in the length of the text, for any content', () => {
  for (const junk of [
    '://'.repeat(100_000),
    `://${'a'.repeat(300_000)}`,
    'a@'.repeat(100_000),
    '&sig'.repeat(100_000),
  ]) {
    expect(redactSecrets(junk)).toBe(junk);
  }
});
