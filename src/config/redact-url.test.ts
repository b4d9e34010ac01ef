import { expect, test } from 'vitest';
import { redactUrl } from './redact-url.ts';

test.each([
  ['http://collector:4318/v1/traces', 'http://collector:4318/v1/traces'],
  ['http://127.0.0.1:1', 'http://127.0.0.1:1'],
  ['https://me:secret@host/v1/traces?token=secret#secret', 'https://host/v1/traces'],
  ['https://host/?token=secret', 'https://host/'],
  ['https://host?token=secret', 'https://host'],
  ['https://me:p%40secret@host', 'https://host'],
  ['me:secret@host:4317', 'host:4317'],
  ['host:4317?token=secret', 'host:4317'],
  ['http://me:se/cr?et@:bad', 'http://:bad'],
  ['unix:///tmp/socket', 'unix:///tmp/socket'],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});
