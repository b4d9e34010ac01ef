import { AlwaysOnSampler, NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, test } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import type { StartTracingOptions } from './options.ts';
import { validateOptions } from './validate-options.ts';

const good: StartTracingOptions[] = [
  {},
  { serviceName: undefined, sampler: undefined, headers: undefined },
  {
    serviceName: 'a',
    serviceVersion: '1',
    deploymentEnvironment: 'test',
    resourceAttributes: { a: 1, b: ['x'], c: true },
  },
  { endpoint: 'https://collector.example/otlp', headers: { Authorization: 'Bearer x' } },
  { endpoint: 'collector:4317', protocol: 'grpc' },
  { endpoint: 'unix:///tmp/socket', protocol: 'grpc' },
  { sampler: { ratio: 0 } },
  { sampler: new AlwaysOnSampler() },
  { spanLimits: { attributeCountLimit: 0, attributeValueLengthLimit: Infinity } },
  { spanProcessors: [new NoopSpanProcessor()] },
  { propagator: mqtracePropagator, contextManager: new AsyncLocalStorageContextManager(), register: false },
  { propagator: ['tracecontext', 'b3'], contextManager: false, environment: 'ignore' },
];

test.each(good)('%o is accepted', (options) => {
  expect(() => validateOptions(options)).not.toThrow();
});

test.each([
  [null, 'startTracing(options): expected an object, got null'],
  [[], 'startTracing(options): expected an object, got an array of 0'],
  [{ servicename: 'a' }, 'startTracing: unknown option "servicename"; did you mean "serviceName"?'],
  [{ endPoint: 'a' }, 'startTracing: unknown option "endPoint"; did you mean "endpoint"?'],
  [{ samplr: 1 }, 'startTracing: unknown option "samplr"; did you mean "sampler"?'],
  [{ zzzzzzzzzz: 1 }, 'startTracing: unknown option "zzzzzzzzzz"; expected one of serviceName, '],
  [{ serviceName: '' }, 'startTracing({ serviceName }): expected a string that is not empty, got ""'],
  [{ serviceName: 7 }, 'startTracing({ serviceName }): expected a string that is not empty, got 7'],
  [
    { resourceAttributes: { a: {} } },
    'startTracing({ resourceAttributes })["a"]: expected a string, number or boolean',
  ],
  [{ resourceAttributes: { a: ['x', 1] } }, 'startTracing({ resourceAttributes })["a"]: expected a string, number'],
  [{ protocol: 'otlp' }, 'expected one of http/protobuf, http/json, grpc, zipkin, console, none, got "otlp"'],
  [{ endpoint: 'localhost:4318' }, 'expected a URL that starts with http:// or https://, got "localhost:4318"'],
  [{ endpoint: 'ftp://u:pw@host' }, 'expected a URL that starts with http:// or https://, got "ftp://…@host"'],
  [{ endpoint: '', protocol: 'grpc' }, 'expected http://host:port, https://host:port or host:port, got ""'],
  [{ headers: ['a'] }, 'startTracing({ headers }): expected an object of strings, got an array of 1'],
  [{ headers: { a: 1 } }, 'startTracing({ headers })["a"]: expected a string, got 1'],
  [{ headers: { 'a b': 'x' } }, 'startTracing({ headers })["a b"]: not a valid name and value of a header'],
  [{ sampler: 'always' }, 'startTracing({ sampler }): expected a Sampler or { ratio, perSecond }, got "always"'],
  [{ sampler: { ratio: 1.1 } }, 'startTracing({ sampler }).ratio: expected a number from 0 to 1, got 1.1'],
  [{ sampler: { ratio: NaN } }, 'startTracing({ sampler }).ratio: expected a number from 0 to 1, got NaN'],
  [{ sampler: { ratio: 1, rate: 1 } }, 'startTracing({ sampler }): unknown option "rate"; did you mean "ratio"?'],
  [{ spanLimits: { linkCountLimit: -1 } }, 'startTracing({ spanLimits }).linkCountLimit: expected a whole number of 0'],
  [
    { spanLimits: { linkLimit: 1 } },
    'startTracing({ spanLimits }): unknown option "linkLimit"; expected one of attributeValueLengthLimit',
  ],
  [{ spanProcessors: {} }, 'startTracing({ spanProcessors }): expected an array of span processors, got an object'],
  [
    { spanProcessors: [{}] },
    'startTracing({ spanProcessors })[0]: expected a SpanProcessor (with onStart()), got an object',
  ],
  [
    { propagator: {} },
    'startTracing({ propagator }): expected a TextMapPropagator or an array of names (with inject())',
  ],
  [{ propagator: ['w3c'] }, 'startTracing({ propagator }): expected one of tracecontext, baggage, b3'],
  [{ contextManager: true }, 'startTracing({ contextManager }): expected a ContextManager or false (with active())'],
  [{ register: 'no' }, 'startTracing({ register }): expected true or false, got "no"'],
  [
    { environment: 'always' },
    'startTracing({ environment }): expected one of override, fallback, ignore, got "always"',
  ],
])('%o is refused in words', (options, message) => {
  const attempt = (): void => validateOptions(options as StartTracingOptions);
  expect(attempt).toThrow(MqtraceError);
  expect(attempt).toThrow(message);
});

test('a header value, which may be a secret, is not quoted', () => {
  expect(() => validateOptions({ headers: { authorization: 'top\nsecret' } })).toThrow(/^(?!.*secret)/s);
});
