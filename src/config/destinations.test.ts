import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { resolveDestinations } from './destinations.ts';
import { Environment } from './environment.ts';
import type { ExportTarget } from './export-target.ts';
import type { EnvironmentMode } from './names.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';

let reported: string[];
beforeEach(() => void (reported = collectDiag()));
afterEach(() => diag.disable());

function resolve(options: ExportTarget, variables: Record<string, string>, mode: EnvironmentMode = 'override') {
  return resolveDestinations(options, new Environment(mode, variables));
}

test('by default spans go to a collector on this machine', () => {
  const expected = { exporter: 'otlp', protocol: 'http/protobuf', url: 'http://localhost:4318/v1/traces', headers: {} };
  expect(resolve({}, {})).toEqual([expected]);
});

test.each([
  [{ endpoint: 'http://c:4318' }, {}, 'http://c:4318/v1/traces'],
  [{ endpoint: 'http://c:4318/' }, {}, 'http://c:4318/v1/traces'],
  [{ endpoint: 'https://c/otlp?tenant=a' }, {}, 'https://c/otlp/v1/traces?tenant=a'],
  [{ endpoint: 'http://c:4318/v1/traces' }, {}, 'http://c:4318/v1/traces'],
  [{ endpoint: 'http://c:4318' }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://env:1' }, 'http://env:1/v1/traces'],
  [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://env:1/v1/traces' }, 'http://env:1/v1/traces/v1/traces'],
  [{}, { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://env:1' }, 'http://env:1/'],
  [
    {},
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://all:1', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:1/x' },
    'http://traces:1/x',
  ],
  [{ protocol: 'grpc' }, {}, 'http://localhost:4317'],
  [{ protocol: 'grpc', endpoint: 'c:4317' }, {}, 'c:4317'],
  [{ protocol: 'grpc', endpoint: 'c:4317' }, { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://env:1' }, 'https://env:1'],
  [{ protocol: 'zipkin' }, {}, 'http://localhost:9411/api/v2/spans'],
  [{ protocol: 'zipkin', endpoint: 'http://z:9411' }, {}, 'http://z:9411/api/v2/spans'],
  [{ protocol: 'zipkin', endpoint: 'http://z:9411/custom' }, {}, 'http://z:9411/custom'],
  [{ protocol: 'zipkin' }, { OTEL_EXPORTER_ZIPKIN_ENDPOINT: 'http://env:1/s' }, 'http://env:1/s'],
] as const)('%o with %o is sent to %s', (options, variables, url) => {
  expect(resolve(options, variables)).toMatchObject([{ url }]);
  expect(reported).toEqual([]);
});

test.each([
  ['fallback', 'http://c:4318/v1/traces'],
  ['ignore', 'http://c:4318/v1/traces'],
  ['override', 'http://env:1/v1/traces'],
] as const)('with environment %s the endpoint is %s', (mode, url) => {
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://env:1' };
  expect(resolve({ endpoint: 'http://c:4318' }, variables, mode)).toMatchObject([{ url }]);
});

test('a malformed variable is reported without its value, and the option is used', () => {
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: 'user:password@env' };
  expect(resolve({ endpoint: 'http://c:1' }, variables)).toMatchObject([{ url: 'http://c:1/v1/traces' }]);
  expect(reported).toEqual([
    'mqtrace: OTEL_EXPORTER_OTLP_ENDPOINT is ignored: expected a URL that starts with http:// or https://',
  ]);
});

test('a malformed gRPC target is reported, and the next one is used', () => {
  const variables = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '::::', OTEL_EXPORTER_OTLP_ENDPOINT: 'env:4317' };
  expect(resolve({ protocol: 'grpc' }, variables)).toMatchObject([{ url: 'env:4317' }]);
  expect(reported).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is ignored')]);
});

test.each([
  [{ OTEL_TRACES_EXPORTER: 'none' }, []],
  [{ OTEL_TRACES_EXPORTER: 'console' }, [{ exporter: 'console' }]],
  [{ OTEL_TRACES_EXPORTER: 'otlp,console' }, [{ exporter: 'otlp', protocol: 'grpc' }, { exporter: 'console' }]],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, [{ protocol: 'http/json' }]],
  [
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' },
    [{ protocol: 'http/json' }],
  ],
  [{ OTEL_TRACES_EXPORTER: 'jaeger' }, [{ exporter: 'otlp', protocol: 'grpc' }]],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'tcp' }, [{ protocol: 'grpc' }]],
])('%o over protocol grpc in code', (variables, expected) => {
  const destinations = resolve({ protocol: 'grpc' }, variables);
  expect(destinations).toHaveLength(expected.length);
  expect(destinations).toMatchObject(expected);
});

test('an endpoint and its headers are used only for the exporter that they belong to', () => {
  const options = { endpoint: 'http://c:4318', headers: { key: 'secret' } };
  expect(resolve(options, { OTEL_TRACES_EXPORTER: 'zipkin' })).toEqual([
    { exporter: 'zipkin', url: 'http://localhost:9411/api/v2/spans', headers: {} },
  ]);
  expect(resolve({ ...options, protocol: 'zipkin' }, { OTEL_TRACES_EXPORTER: 'otlp' })).toMatchObject([
    { url: 'http://localhost:4318/v1/traces', headers: {} },
  ]);
});

test('an endpoint without scheme, meant for gRPC, is not used when a variable chooses HTTP', () => {
  const destination = resolve(
    { protocol: 'grpc', endpoint: 'c:4317' },
    { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
  );
  expect(destination).toMatchObject([{ url: 'http://localhost:4318/v1/traces' }]);
  expect(reported).toEqual(['mqtrace: the endpoint option is not an HTTP URL and is not used']);
});

test('headers are merged by case-insensitive name; the mode decides which value wins', () => {
  const options = { headers: { 'X-Key': 'option', 'X-Own': 'own' } };
  const variables = {
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=all,x-all=a%20b,x-traces=no',
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-traces=yes',
  };
  const rest = { 'x-own': 'own', 'x-all': 'a b', 'x-traces': 'yes' };
  expect(resolve(options, variables)).toMatchObject([{ headers: { ...rest, 'x-key': 'all' } }]);
  expect(resolve(options, variables, 'fallback')).toMatchObject([{ headers: { ...rest, 'x-key': 'option' } }]);
  expect(resolve(options, variables, 'ignore')).toEqual([
    expect.objectContaining({ headers: { 'x-key': 'option', 'x-own': 'own' } }),
  ]);
});

test('a header variable that cannot be sent is skipped and reported without its value', () => {
  expect(resolve({}, { OTEL_EXPORTER_OTLP_HEADERS: 'a=line%0Abreak,b=ok' })).toMatchObject([{ headers: { b: 'ok' } }]);
  expect(reported).toHaveLength(1);
  expect(reported[0]).not.toContain('break');
});
