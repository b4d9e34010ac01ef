import { AlwaysOnSampler, NoopSpanProcessor } from '@opentelemetry/sdk-trace';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { expect, test } from 'vitest';
import { MqtraceError } from '../common/errors.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import type { StartTracingOptions } from './options.ts';
import { validateOptions } from './validate-options.ts';

const good: StartTracingOptions[] = [
  {},
  { serviceName: undefined, sampling: { sampler: undefined }, export: { headers: undefined } },
  {
    serviceName: 'a',
    serviceVersion: '1',
    deploymentEnvironment: 'test',
    resourceAttributes: { a: 1, b: ['x'], c: true },
  },
  { export: { endpoint: 'https://collector.example/otlp', headers: { Authorization: 'Bearer x' } } },
  { export: { endpoint: 'collector:4317', protocol: 'grpc' } },
  { export: { endpoint: 'unix:///tmp/socket', protocol: 'grpc' } },
  { sampling: { sampler: { ratio: 0 } } },
  { sampling: { sampler: new AlwaysOnSampler() } },
  { spanLimits: { attributeCountLimit: 0, attributeValueLengthLimit: Infinity } },
  { spanProcessors: [new NoopSpanProcessor()] },
  { propagator: mqtracePropagator, contextManager: new AsyncLocalStorageContextManager(), register: false },
  { propagator: ['tracecontext', mqtracePropagator] },
  { propagator: ['tracecontext', 'b3'], contextManager: false, environment: 'ignore' },
];

test.each(good)('%o is accepted', (options) => {
  expect(() => validateOptions(options)).not.toThrow();
});

test.each([
  [null, 'startTracing(options): expected an object, got null'],
  [[], 'startTracing(options): expected an object, got an array of 0'],
  [{ servicename: 'a' }, 'startTracing: unknown option "servicename"; did you mean "serviceName"?'],
  [{ endpoint: 'a' }, 'unknown option "endpoint"; did you mean startTracing({ export: { endpoint } })?'],
  [{ endPoint: 'a' }, 'unknown option "endPoint"; did you mean startTracing({ export: { endpoint } })?'],
  [{ spool: {} }, 'startTracing: unknown option "spool"; did you mean startTracing({ export: { spool } })?'],
  [{ sampler: {} }, 'startTracing: unknown option "sampler"; did you mean startTracing({ sampling: { sampler } })?'],
  [{ samplr: 1 }, 'startTracing: unknown option "samplr"; did you mean startTracing({ sampling: { sampler } })?'],
  [{ export: { serviceName: 'a' } }, 'unknown option "serviceName"; did you mean startTracing({ serviceName })?'],
  [{ export: { sampler: {} } }, 'unknown option "sampler"; did you mean startTracing({ sampling: { sampler } })?'],
  [{ export: { endpint: 'a' } }, 'startTracing({ export }): unknown option "endpint"; did you mean "endpoint"?'],
  [
    { sampling: { keepError: true } },
    'startTracing({ sampling }): unknown option "keepError"; did you mean "keepErrors"?',
  ],
  [{ export: 'console' }, 'startTracing({ export }): expected an object, got "console"'],
  [{ sampling: 0.1 }, 'startTracing({ sampling }): expected an object, got 0.1'],
  [{ sampling: { keepErrors: 1 } }, 'startTracing({ sampling }).keepErrors: expected true or false, got 1'],
  [{ sampling: { held: { spans: 0 } } }, 'startTracing({ sampling }).held.spans: expected a whole number of 1 or more'],
  [{ zzzzzzzzzz: 1 }, 'startTracing: unknown option "zzzzzzzzzz"; expected one of serviceName, '],
  [{ serviceName: '' }, 'startTracing({ serviceName }): expected a string that is not empty, got ""'],
  [{ serviceName: 7 }, 'startTracing({ serviceName }): expected a string that is not empty, got 7'],
  [
    { resourceAttributes: { a: {} } },
    'startTracing({ resourceAttributes })["a"]: expected a string, number or boolean',
  ],
  [{ resourceAttributes: { a: ['x', 1] } }, 'startTracing({ resourceAttributes })["a"]: expected a string, number'],
  [
    { export: { protocol: 'otlp' } },
    'expected one of http/protobuf, http/json, grpc, zipkin, console, none, got "otlp"',
  ],
  [
    { export: { endpoint: 'localhost:4318' } },
    'expected a URL that starts with http:// or https://, got "localhost:4318"',
  ],
  [
    { export: { endpoint: 'ftp://u:pw@host' } },
    'expected a URL that starts with http:// or https://, got "ftp://host"',
  ],
  [{ export: { endpoint: '', protocol: 'grpc' } }, 'expected http://host:port, https://host:port or host:port, got ""'],
  [
    { export: { headers: ['a'] } },
    'startTracing({ export }).headers: expected an object of strings, got an array of 1',
  ],
  [{ export: { headers: { a: 1 } } }, 'startTracing({ export }).headers["a"]: expected a string, got 1'],
  [
    { export: { headers: { 'a b': 'x' } } },
    'startTracing({ export }).headers["a b"]: not a valid name and value of a header',
  ],
  [
    { sampling: { sampler: 'always' } },
    'startTracing({ sampling }).sampler: expected a Sampler or { ratio, perSecond }, got "always"',
  ],
  [
    { sampling: { sampler: { ratio: 1.1 } } },
    'startTracing({ sampling }).sampler.ratio: expected a number from 0 to 1, got 1.1',
  ],
  [
    { sampling: { sampler: { ratio: NaN } } },
    'startTracing({ sampling }).sampler.ratio: expected a number from 0 to 1, got NaN',
  ],
  [
    { sampling: { sampler: { ratio: 1, rate: 1 } } },
    'startTracing({ sampling }).sampler: unknown option "rate"; did you mean "ratio"?',
  ],
  [
    { spanLimits: { attributeValueLengthLimit: 0 } },
    '.attributeValueLengthLimit: expected a whole number of 1 or more',
  ],
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
  [{ propagator: [{}] }, 'startTracing({ propagator })[0]: expected a name or a TextMapPropagator (with inject())'],
  [{ propagator: ['w3c'] }, 'startTracing({ propagator }): expected one of tracecontext, baggage, b3'],
  [{ contextManager: true }, 'startTracing({ contextManager }): expected a ContextManager or false (with active())'],
  [{ register: 'no' }, 'startTracing({ register }): expected true or false, got "no"'],
  [
    { environment: 'always' },
    'startTracing({ environment }): expected one of override, fallback, ignore, got "always"',
  ],
])('%o throws an error with the expected value', (options, message) => {
  const attempt = (): void => validateOptions(options as StartTracingOptions);
  expect(attempt).toThrow(MqtraceError);
  expect(attempt).toThrow(message);
});

test('a header value, which may be a secret, is not shown', () => {
  expect(() => validateOptions({ export: { headers: { authorization: 'top\nsecret' } } })).toThrow(/^(?!.*secret)/s);
});
