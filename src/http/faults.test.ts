import type { ServerResponse } from 'node:http';
import { context, type ContextManager, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { serve, until } from '../../test-support/serve.ts';
import { tracingFaults } from '../common/faults.ts';
import { mqtracePropagator } from '../propagation/index.ts';
import { traceFetch, type TraceHttpOptions, traceHandler } from './index.ts';

// Breaks each part of tracing in turn: requests and results are the same as without tracing, and each fault is counted.
const outcomes: [string, () => unknown][] = [
  [
    'throws',
    (): never => {
      throw new Error('broken');
    },
  ],
  ['gives undefined', (): undefined => undefined],
  ['gives null', (): null => null],
];

const spanMethods = [
  'spanContext',
  'isRecording',
  'setAttribute',
  'setAttributes',
  'setStatus',
  'recordException',
  'updateName',
  'end',
] as const;
type Span = Record<(typeof spanMethods)[number], () => unknown>;

function span(broken?: string, outcome?: () => unknown): Span {
  const made: Span = {
    spanContext: () => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }),
    isRecording: () => true,
    setAttribute: () => made,
    setAttributes: () => made,
    setStatus: () => made,
    recordException: () => undefined,
    updateName: () => made,
    end: () => undefined,
  };
  if (broken !== undefined) made[broken as keyof Span] = outcome!;
  return made;
}

const tracer = (startSpan: () => unknown): TraceHttpOptions => ({
  tracerProvider: { getTracer: () => ({ startSpan }) } as never,
  propagator: 'mqtrace',
});
const propagatorWith = (part: object): TraceHttpOptions => ({
  ...tracer(() => span()),
  propagator: {
    inject: mqtracePropagator.inject.bind(mqtracePropagator),
    extract: mqtracePropagator.extract.bind(mqtracePropagator),
    fields: mqtracePropagator.fields.bind(mqtracePropagator),
    ...part,
  },
});

interface Case {
  name: string;
  options: () => TraceHttpOptions;
  manager?: Partial<Record<keyof ContextManager, () => unknown>>;
  /** Failures that cannot be detected, because the method is allowed to do nothing. */
  silent?: boolean;
}

const casesOf = (outcome: string, fn: () => unknown): Case[] => [
  { name: `getTracer() ${outcome}`, options: () => ({ tracerProvider: { getTracer: fn } as never }) },
  { name: `startSpan() ${outcome}`, options: () => tracer(fn) },
  ...spanMethods.map((method) => ({
    name: `${method}() of the span ${outcome}`,
    options: () => tracer(() => span(method, fn)),
    // Without a route, the name does not change.
    silent: method === 'updateName' || (outcome !== 'throws' && method !== 'spanContext'),
  })),
  { name: `inject() ${outcome}`, options: () => propagatorWith({ inject: fn }), silent: outcome !== 'throws' },
  { name: `extract() ${outcome}`, options: () => propagatorWith({ extract: fn }) },
  { name: `fields() ${outcome}`, options: () => propagatorWith({ fields: fn }) },
  { name: `active() ${outcome}`, options: () => tracer(() => span()), manager: { active: fn } },
  { name: `with() ${outcome}`, options: () => tracer(() => span()), manager: { with: fn } },
];
const cases = outcomes.flatMap(([outcome, fn]) => casesOf(outcome, fn));

const working = new AsyncLocalStorageContextManager();
function register(part: Case['manager'] = {}): void {
  const manager: ContextManager = {
    active: () => working.active(),
    with: working.with.bind(working),
    bind: working.bind.bind(working),
    enable: () => manager,
    disable: () => manager,
  };
  context.setGlobalContextManager(Object.assign(manager, part));
}

beforeEach(() => trace.disable());
afterEach(() => context.disable());

/** The observations of client and server for a successful request, a failing handler and a failing fetch. */
async function observe(options: TraceHttpOptions | undefined): Promise<unknown> {
  const fetched = options === undefined ? fetch : traceFetch(fetch, options);
  const wrap = <H extends (...given: never[]) => unknown>(handler: H): H =>
    options === undefined ? handler : traceHandler(handler, options);
  const caught: unknown[] = [];
  const error = new RangeError('of the handler');
  const works = wrap((request: { url?: string | undefined }, response: ServerResponse) => {
    response.writeHead(201, { 'x-mine': '1' }).end(`served ${request.url}`);
    return 7;
  });
  const rejects = wrap((_request: object, _response: ServerResponse): Promise<never> => Promise.reject(error));
  const throws = wrap((_request: object, _response: ServerResponse): never => {
    throw error;
  });
  const { url } = await serve(async (request, response) => {
    try {
      if (request.url === '/works') caught.push(works(request, response));
      else await (request.url === '/rejects' ? rejects : throws)(request, response);
    } catch (thrown) {
      caught.push(thrown === error);
      response.writeHead(500).end();
    }
  });
  const answers: unknown[] = [];
  for (const path of ['/works', '/rejects', '/throws']) {
    const response = await fetched(url + path, { method: 'POST', body: 'x', headers: { 'x-a': 'b' } });
    answers.push([response.status, response.headers.get('x-mine'), await response.text()]);
  }
  const failed = await fetched('http://127.0.0.1:1/').catch((thrown: Error) => [thrown.name, thrown.message]);
  const at = await fetched('no url').catch((thrown: Error) => [thrown.name, thrown.message]);
  await until(() => caught.length === 3);
  return { answers, caught, failed, at };
}

describe('requests and results are the same as without tracing, whichever part is broken', () => {
  test.each(cases)('$name', async ({ options, manager, silent }) => {
    const raw = await observe(undefined);
    register(manager);
    const before = tracingFaults();
    expect(await observe(options())).toEqual(raw);
    if (!silent) expect(tracingFaults()).toBeGreaterThan(before);
  });

  test('no fault is counted if nothing is broken', async () => {
    register();
    const before = tracingFaults();
    const raw = await observe(undefined);
    expect(await observe(tracer(() => span()))).toEqual(raw);
    expect(tracingFaults()).toBe(before);
    expect(context.active()).toBe(ROOT_CONTEXT);
  });
});

test.each<[string, unknown]>([
  ['undefined', undefined],
  ['a value', 7],
  ['a promise of something else', Promise.resolve('text')],
  ['a promise of undefined', Promise.resolve(undefined)],
])('a custom fetch that returns %s: the value is returned unchanged', async (_, given) => {
  register();
  const fetched = traceFetch(
    (() => given) as never,
    tracer(() => span()),
  );
  expect(await fetched('http://localhost/')).toBe(await given);
});

test('a lazy thenable is returned unchanged, and is not started', () => {
  register();
  let runs = 0;
  // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
  const lazy = Object.defineProperty({}, 'then', { value: () => runs++ });
  const options = tracer(() => span());
  expect(traceFetch((() => lazy) as never, options)('http://localhost/')).toBe(lazy);
  const handler = traceHandler((_request: object, _response: object) => lazy, options);
  expect(handler({ headers: {}, method: 'GET', url: '/' } as never, { once: () => {}, statusCode: 200 } as never)).toBe(
    lazy,
  );
  expect(runs).toBe(0);
});
