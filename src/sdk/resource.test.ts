import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Environment } from '../config/environment.ts';
import type { EnvironmentMode } from '../config/names.ts';
import type { StartTracingOptions } from './options.ts';
import { buildResource } from './resource.ts';
import { collectDiag } from './testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

function attributes(options: StartTracingOptions, variables: Record<string, string> = {}, mode?: EnvironmentMode) {
  return buildResource(options, new Environment(mode ?? 'override', variables)).attributes;
}

test('a process says what it is without being asked, and nothing of its command line or owner', () => {
  const given = attributes({});
  expect(given).toMatchObject({
    'service.name': 'unknown_service:node',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
    'process.pid': process.pid,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
    'process.executable.name': 'node',
    'host.name': expect.any(String),
  });
  expect(Object.keys(given).filter((name) => /command|owner/.test(name))).toEqual([]);
  expect(attributes({})['service.instance.id']).not.toBe(given['service.instance.id']);
});

test('nothing has to be waited for', () => {
  expect(buildResource({}, new Environment('override', {})).asyncAttributesPending).toBe(false);
});

test.each([
  ['override', 'from OTEL_SERVICE_NAME', 'variable'],
  ['fallback', 'option', 'option'],
  ['ignore', 'option', 'option'],
] as const)('in mode %s the service is called: %s', (mode, serviceName, team) => {
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

test.each(['a=1,novalue', 'a=1,=x', 'a=1,b=%zz'])('one bad entry discards the whole variable: %s', (text) => {
  expect(attributes({}, { OTEL_RESOURCE_ATTRIBUTES: text })).not.toHaveProperty('a');
  expect(reported).toEqual([expect.stringContaining('OTEL_RESOURCE_ATTRIBUTES is ignored')]);
});
