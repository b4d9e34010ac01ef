import { context, diag, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { SDK_INFO, suppressTracing } from '@opentelemetry/core';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from '../config/environment.ts';
import type { EnvironmentMode } from '../config/names.ts';
import type { StartTracingOptions } from './options.ts';
import { createResource, resourceAttributes } from './resource.ts';
import { collectDiag } from './testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

function attributes(options: StartTracingOptions, variables: Record<string, string> = {}, mode?: EnvironmentMode) {
  return resourceAttributes(options, new Environment(mode ?? 'override', variables));
}

test('a process is described by default, without its command line and owner', () => {
  const given = attributes({});
  expect(given).toMatchObject({
    'service.name': 'unknown_service:node',
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.executable.name': 'node',
    'host.name': expect.any(String),
  });
  expect(Object.keys(given).filter((name) => /command|owner/.test(name))).toEqual([]);
  expect(attributes({})['service.instance.id']).not.toBe(given['service.instance.id']);
});

test('the resource is one of the SDK with telemetry.sdk attributes, and is available synchronously', () => {
  const resource = createResource(TracerProvider, { 'service.name': 'orders', 'os.type': undefined, list: ['a'] });
  expect(resource.attributes).toEqual({
    'service.name': 'orders',
    list: ['a'],
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': SDK_INFO['telemetry.sdk.version'],
  });
  expect(resource.asyncAttributesPending).toBe(false);
  expect(resource.merge(resourceFromAttributes({ list: ['b'] })).attributes).toMatchObject({ list: ['b'] });
  expect(resourceFromAttributes({ list: ['b'] }).merge(resource).attributes).toMatchObject({ list: ['a'] });
});

test('the resource is created even with suppressed tracing or an unsampled parent', () => {
  const parent = { traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 0 };
  const contexts = new AsyncLocalStorageContextManager();
  context.setGlobalContextManager(contexts.enable());
  const active = trace.setSpanContext(suppressTracing(ROOT_CONTEXT), parent);
  const resource = context.with(active, () => createResource(TracerProvider, { a: 1 }));
  context.disable();
  expect(resource.attributes).toMatchObject({ a: 1, 'telemetry.sdk.name': 'opentelemetry' });
});

test.each([
  ['override', 'from OTEL_SERVICE_NAME', 'variable'],
  ['fallback', 'option', 'option'],
  ['ignore', 'option', 'option'],
] as const)('in mode %s the service name is: %s', (mode, serviceName, team) => {
  const variables = {
    OTEL_SERVICE_NAME: 'from OTEL_SERVICE_NAME',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=attribute,team=variable,service.instance.id=i-1',
  };
  const given = attributes({ serviceName: 'option', resourceAttributes: { team: 'option' } }, variables, mode);
  expect(given).toMatchObject({ 'service.name': serviceName, team });
  if (mode !== 'ignore') expect(given['service.instance.id']).toBe('i-1');
});

test('the name may come from OTEL_RESOURCE_ATTRIBUTES', () => {
  expect(attributes({ serviceName: 'code' }, { OTEL_RESOURCE_ATTRIBUTES: 'service.name=ops' })['service.name']).toBe(
    'ops',
  );
});

test('OTEL_RESOURCE_ATTRIBUTES is percent-decoded, and a value may hold an equals sign', () => {
  const text = ' a%2Cb = x%20y%3D%C3%A9 , key=dGVzdA==,, empty=';
  expect(attributes({}, { OTEL_RESOURCE_ATTRIBUTES: text })).toMatchObject({
    'a,b': 'x y=é',
    key: 'dGVzdA==',
    empty: '',
  });
  expect(reported).toEqual([]);
});

test.each(['a=1,novalue', 'a=1,=x', 'a=1,b=%zz'])('one invalid entry discards the whole variable: %s', (text) => {
  expect(attributes({}, { OTEL_RESOURCE_ATTRIBUTES: text })).not.toHaveProperty('a');
  expect(reported).toEqual([expect.stringContaining('OTEL_RESOURCE_ATTRIBUTES is ignored')]);
});
