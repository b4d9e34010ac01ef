import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkSetup } from './check-setup.ts';

const modules = join(import.meta.dirname, '../../../node_modules');
let project: string;
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'mqtrace-setup-'));
  mkdirSync(join(project, 'node_modules'));
  for (const name of ['@opentelemetry', 'kafkajs'])
    symlinkSync(join(modules, name), join(project, 'node_modules', name));
});
afterAll(() => rmSync(project, { recursive: true, force: true }));

const start = `
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, AlwaysOffSampler } from '@opentelemetry/sdk-trace-base';`;
const parts = {
  context: 'context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());',
  provider: 'trace.setGlobalTracerProvider(new BasicTracerProvider());',
  propagator:
    'propagation.setGlobalPropagator(new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }));',
};

test.each<[string, Partial<typeof parts>, string, string[]]>([
  ['a complete setup', {}, '', []],
  ['no context manager', { context: '' }, '', ['context-manager-missing']],
  [
    'a context manager that does not follow promises',
    { context: '' },
    `let active;
     const { ROOT_CONTEXT } = await import('@opentelemetry/api');
     context.setGlobalContextManager({
       active: () => active ?? ROOT_CONTEXT,
       with(next, fn, self, ...args) { const before = active; active = next; try { return fn.apply(self, args); } finally { active = before; } },
       bind: (_, target) => target, enable() { return this; }, disable() { return this; },
     });`,
    ['context-manager-missing'],
  ],
  ['no provider', { provider: '' }, '', ['provider-missing']],
  ['no propagator', { propagator: '' }, '', ['propagator-none']],
  [
    'a propagator that drops baggage',
    { propagator: 'propagation.setGlobalPropagator(new W3CTraceContextPropagator());' },
    '',
    ['propagator-drops-baggage'],
  ],
  [
    'a sampler that keeps nothing',
    { provider: 'trace.setGlobalTracerProvider(new BasicTracerProvider({ sampler: new AlwaysOffSampler() }));' },
    '',
    ['not-sampled'],
  ],
  [
    'auto-instrumentation of a client',
    {},
    `const { KafkaJsInstrumentation } = await import('@opentelemetry/instrumentation-kafkajs');
     new KafkaJsInstrumentation();
     const { createRequire } = await import('node:module');
     createRequire(import.meta.url)('kafkajs');`,
    ['auto-instrumentation'],
  ],
  ['a file that throws', {}, "throw new Error('no configuration')", ['setup-fails']],
])('for %s it reports the invalid registration', async (_, changes, more, expected) => {
  const file = join(project, `${_.replaceAll(' ', '-')}.mjs`);
  writeFileSync(file, `${start}\n${Object.values({ ...parts, ...changes }).join('\n')}\n${more}\n`);
  const findings = await checkSetup(project, file, process.env);
  expect(findings.map(({ check }) => check)).toEqual(expected);
  if (expected[0] === 'setup-fails') expect(findings[0]!.what).toContain('no configuration');
});
