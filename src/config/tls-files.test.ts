import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { Environment } from './environment.ts';
import { readTlsFiles } from './tls-files.ts';

let directory: string;
const file = (name: string): string => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-tls-files-'));
  for (const name of ['general', 'traces', 'key']) writeFileSync(file(name), name);
});
afterAll(() => rmSync(directory, { recursive: true }));
afterEach(() => diag.disable());

const read = (variables: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(readTlsFiles(new Environment('override', variables))).map(([name, value]) => [name, String(value)]),
  );

test('reads the files that the variables name; the variables for traces take precedence', () => {
  expect(
    read({
      OTEL_EXPORTER_OTLP_CERTIFICATE: file('general'),
      OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: file('traces'),
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('general'),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: file('key'),
    }),
  ).toEqual({ ca: 'traces', cert: 'general', key: 'key' });
  expect(read({})).toEqual({});
});

test('an unreadable file is reported by its variable, and the service starts', () => {
  const reported = collectDiag();
  expect(read({ OTEL_EXPORTER_OTLP_CERTIFICATE: file('missing'), OTEL_EXPORTER_OTLP_CLIENT_KEY: directory })).toEqual(
    {},
  );
  expect(reported).toEqual([
    expect.stringContaining('OTEL_EXPORTER_OTLP_CERTIFICATE is ignored: expected the path of a PEM file'),
    expect.stringContaining('OTEL_EXPORTER_OTLP_CLIENT_KEY is ignored'),
  ]);
});
