// Tests the variables of mqtrace/register, each over the opposite in the configuration file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run } from './service.ts';

interface Told {
  /** The names of context headers of the message. */
  context: string[];
  isSampled: boolean;
  isKept: boolean;
  hasPipeline: boolean;
  hasCloudEvent: boolean;
  fields: string[];
  /** The first words of the spans. */
  spans: string[];
  /** Whether the message is processed in another trace than that of its publish. */
  isApart: boolean;
  hasMetrics: boolean;
  err: string;
}

async function runWith(env: NodeJS.ProcessEnv, file: object = {}): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-variables-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'mqtrace.config.json');
  writeFileSync(path, JSON.stringify(file));
  const args = ['--import', 'mqtrace/register', 'variables.cjs'];
  const { code, out, err, spans, metrics } = await run(args, { env: { MQTRACE_CONFIG: path, ...env } });
  expect(code).toBe(0);
  const publish = spans.find(({ name }) => name.startsWith('publish '));
  const process = spans.find(({ name }) => name.startsWith('process '));
  return {
    ...(JSON.parse(out) as Told),
    spans: spans.map(({ name }) => name.split(' ')[0]!).sort(),
    isApart: process !== undefined && process.traceId !== publish?.traceId,
    hasMetrics: metrics.some((name) => name.startsWith('messaging.')),
    err,
  };
}

const defaults = {
  context: ['traceparent'],
  isSampled: true,
  isKept: false,
  hasPipeline: false,
  hasCloudEvent: false,
  fields: ['a'],
  spans: ['ack', 'process', 'publish', 'xadd'],
  isApart: false,
  hasMetrics: false,
  err: '',
};
const hidden = { fields: ['a', 'traceparent', 'tracestate'] };

describe('a variable takes precedence over the file', () => {
  it.each<[variable: string, value: string, file: object, expected: Partial<Told>]>([
    ['MQTRACE_PARENTING', 'link', { messaging: { parenting: 'parent' } }, { isApart: true }],
    ['MQTRACE_PARENTING', 'parent', { amqplib: { parenting: 'link' } }, {}],
    [
      'MQTRACE_EXISTING_CONTEXT',
      'keep',
      { messaging: { existingContext: 'replace' } },
      { isKept: true, isApart: true },
    ],
    ['MQTRACE_EXISTING_CONTEXT', 'replace', { messaging: { existingContext: 'keep' } }, {}],
    ['MQTRACE_SETTLE_SPANS', 'false', { messaging: { settleSpans: true } }, { spans: ['process', 'publish', 'xadd'] }],
    ['MQTRACE_SETTLE_SPANS', 'true', { amqplib: { settleSpans: false } }, {}],
    ['MQTRACE_PIPELINES', 'true', { messaging: { pipelines: false } }, { hasPipeline: true }],
    ['MQTRACE_PIPELINES', 'false', { messaging: { pipelines: true } }, {}],
    ['MQTRACE_CLOUD_EVENTS', 'true', { messaging: { cloudEvents: false } }, { hasCloudEvent: true }],
    ['MQTRACE_CLOUD_EVENTS', 'false', { messaging: { cloudEvents: true } }, {}],
    ['MQTRACE_FAST_PATH', 'false', { messaging: { fastPath: true } }, {}],
    ['MQTRACE_FAST_PATH', 'true', { messaging: { fastPath: false } }, {}],
    ['MQTRACE_HIDE_FIELDS', 'false', { ioredis: { hideFields: true } }, hidden],
    ['MQTRACE_HIDE_FIELDS', 'true', { ioredis: { hideFields: false } }, {}],
    ['MQTRACE_METRICS', 'true', { tracing: { metrics: false } }, { hasMetrics: true }],
    ['MQTRACE_METRICS', 'false', { tracing: { metrics: true } }, {}],
    ['MQTRACE_CLIENTS', 'ioredis', {}, { spans: ['xadd'], context: ['traceparent'], isKept: true }],
    ['MQTRACE_CLIENTS', 'amqplib,ioredis', { amqplib: false }, {}],
    ['MQTRACE_SDK', 'off', { tracing: {} }, { spans: [], isKept: true }],
    ['MQTRACE_SDK', 'on', { tracing: false }, {}],
  ])('%s=%s over %j', async (variable, value, file, expected) => {
    expect(await runWith({ RELAY: '1', [variable]: value }, file)).toEqual({ ...defaults, ...expected });
  });
});

describe('a variable of OpenTelemetry takes precedence over the file', () => {
  it.each<[variable: string, value: string, file: object, expected: Partial<Told>]>([
    ['OTEL_SDK_DISABLED', 'true', {}, { spans: [], context: [], isSampled: false }],
    ['OTEL_TRACES_EXPORTER', 'none', { tracing: { export: { protocol: 'http/json' } } }, { spans: [] }],
    [
      'OTEL_TRACES_SAMPLER',
      'always_off',
      { tracing: { sampling: { sampler: { ratio: 1 } } } },
      { spans: [], isSampled: false },
    ],
    ['OTEL_PROPAGATORS', 'b3,baggage', {}, { context: ['b3'], isSampled: false }],
  ])('%s=%s over %j', async (variable, value, file, expected) => {
    expect(await runWith({ [variable]: value }, file)).toEqual({ ...defaults, ...expected });
  });
});

it.each([
  ['MQTRACE_SDK', 'maybe'],
  ['MQTRACE_CLIENTS', 'kafka'],
  ['MQTRACE_PARENTING', 'none'],
  ['MQTRACE_METRICS', '2'],
])('an invalid value is reported and ignored: %s=%s', async (variable, value) => {
  const { err, ...told } = await runWith({ [variable]: value });
  expect({ ...told, err: '' }).toEqual(defaults);
  expect(err).toMatch(new RegExp(`^mqtrace: ${variable}[^\\n]*"${value}"[^\\n]*\\n$`));
});
