// Sets every OTEL_* variable to unusual values: tracing starts, and either reports the variable or uses the value.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Attributes } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, test, vi } from 'vitest';
import { collectDiag } from './testing/diag-log.ts';
import { cleanUpAfterEach, start } from './testing/fixture.ts';

cleanUpAfterEach();

const blank = ['', ' ', '\t'];
const secretUrl = 'http://user:secret@host:99999';
const urlWithToken = 'http://host:1/x?token=secret';
const odd = [
  ...blank,
  '0',
  '-1',
  '1',
  '0.5',
  '0,5',
  '1e3',
  '1e400',
  '0x10',
  'NaN',
  'Infinity',
  'true',
  'TRUE',
  'yes',
  'null',
  'x=y',
  'a,b',
  '%',
  '%zz',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'caf\u00e9 \u{1F4A5}',
  'x'.repeat(10_000),
  secretUrl,
  urlWithToken,
];

interface Expected {
  /** Valid values; all others are reported. */
  readonly valid: readonly string[] | 'all';
  /** Variables that must be set so that this one is read. */
  readonly beside?: Readonly<Record<string, string>>;
  /** Whether the value may be a secret, which must not be logged. */
  readonly secret?: true;
  /** Checks that a valid value is used. */
  readonly used?: (value: string, span: ReadableSpan, recording: boolean) => void;
}

const attributes: Attributes = { a: 'long', b: 'long' };
const countOf = (span: ReadableSpan): number =>
  Object.keys(span.attributes).filter((name) => name in attributes).length;
const limit: Expected = { valid: ['0', '1', '1e3'] };
const positive: Expected = { valid: ['1', '1e3'] };
const file: Expected = { valid: [], secret: true };
const endpoint: Expected = { valid: [urlWithToken], secret: true };
const headers: Expected = { valid: ['x=y'], secret: true };
const zipkin = { OTEL_TRACES_EXPORTER: 'zipkin' };

const variables: Readonly<Record<string, Expected>> = {
  OTEL_SDK_DISABLED: { valid: ['true', 'TRUE'], used: (_, __, recording) => expect(recording).toBe(false) },
  OTEL_LOG_LEVEL: { valid: [] },
  OTEL_SERVICE_NAME: {
    valid: 'all',
    used: (value, { resource }) => expect(resource.attributes['service.name']).toBe(value),
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    valid: ['x=y', urlWithToken],
    used: (value, { resource }) =>
      expect(resource.attributes[value.slice(0, value.indexOf('='))]).toBe(value.slice(value.indexOf('=') + 1)),
  },
  OTEL_PROPAGATORS: { valid: [] },
  OTEL_TRACES_SAMPLER: { valid: [] },
  OTEL_TRACES_SAMPLER_ARG: {
    valid: ['0', '1', '0.5'],
    beside: { OTEL_TRACES_SAMPLER: 'traceidratio' },
    used: (value, _, recording) => value === '0.5' || expect(recording).toBe(value === '1'),
  },
  OTEL_TRACES_EXPORTER: { valid: [] },
  OTEL_EXPORTER_OTLP_PROTOCOL: { valid: [] },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: { valid: [] },
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: headers,
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: headers,
  OTEL_EXPORTER_OTLP_COMPRESSION: { valid: [] },
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: { valid: [] },
  OTEL_EXPORTER_OTLP_TIMEOUT: positive,
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: positive,
  OTEL_EXPORTER_OTLP_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_CLIENT_KEY: file,
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: file,
  OTEL_METRICS_EXPORTER: { valid: [] },
  OTEL_METRIC_EXPORT_INTERVAL: positive,
  OTEL_METRIC_EXPORT_TIMEOUT: positive,
  OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: { valid: [] },
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: headers,
  OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: { valid: [] },
  OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: positive,
  OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE: file,
  OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY: file,
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: { valid: [] },
  OTEL_EXPORTER_ZIPKIN_ENDPOINT: { ...endpoint, beside: zipkin },
  OTEL_EXPORTER_ZIPKIN_TIMEOUT: { ...positive, beside: zipkin },
  OTEL_BSP_SCHEDULE_DELAY: positive,
  OTEL_BSP_EXPORT_TIMEOUT: positive,
  OTEL_BSP_MAX_QUEUE_SIZE: positive,
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: positive,
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: {
    ...limit,
    used: (value, span) => expect(countOf(span)).toBe(Math.min(Number(value), 2)),
  },
  OTEL_ATTRIBUTE_COUNT_LIMIT: {
    ...limit,
    used: (value, span) => expect(countOf(span)).toBe(Math.min(Number(value), 2)),
  },
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: {
    ...positive,
    used: (value, span) => expect(span.attributes['a']).toBe('long'.slice(0, Number(value))),
  },
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: {
    ...positive,
    used: (value, span) => expect(span.attributes['a']).toBe('long'.slice(0, Number(value))),
  },
  OTEL_SPAN_EVENT_COUNT_LIMIT: limit,
  OTEL_SPAN_LINK_COUNT_LIMIT: limit,
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT: limit,
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: limit,
  OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT: limit,
};

test.each(Object.entries(variables))('%s never keeps tracing from starting', async (name, expected) => {
  const { valid, beside = {}, secret, used } = expected;
  for (const [other, value] of Object.entries(beside)) vi.stubEnv(other, value);
  for (const value of odd) {
    const reported = collectDiag();
    vi.stubEnv(name, value);
    const tracing = start({ register: false, metrics: true, export: { endpoint: 'http://127.0.0.1:1' } });
    const span = tracing.tracer.startSpan('work', { attributes });
    const about = reported.filter((line) => line.includes(name));
    const isValid = valid === 'all' || valid.includes(value) || blank.includes(value);
    expect({ value, said: about.length > 0 }).toEqual({ value, said: !isValid });
    if (secret) expect(about.join()).not.toContain('secret');
    if (isValid && !blank.includes(value)) used?.(value, span as unknown as ReadableSpan, span.isRecording());
    await tracing.shutdown({ timeoutMs: 1 });
  }
});

test('the list above is complete', () => {
  const source = fileURLToPath(new URL('..', import.meta.url));
  const read = ['config', 'export', 'sampling', 'sdk'].flatMap((room) =>
    readdirSync(join(source, room), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !/test\.ts$|testing/.test(path))
      .flatMap((path) =>
        [...readFileSync(join(source, room, path), 'utf8').matchAll(/'(OTEL_[A-Z_]+[A-Z])'/g)].map(([, name]) => name!),
      ),
  );
  expect(read.length).toBeGreaterThan(20);
  expect(
    read.filter((name) => !(name in variables) && !['OTEL_EXPORTER_OTLP', 'OTEL_EXPORTER_OTLP_TRACES'].includes(name)),
  ).toEqual([]);
});
