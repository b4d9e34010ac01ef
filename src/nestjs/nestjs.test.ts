import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { defer, lastValueFrom, Observable, of, Subject, take, throwError, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { failure } from '../../test-support/inputs.ts';
import { recordRegisteredSpans, underSpan } from '../../test-support/spans.ts';
import { type ExecutionContextLike, TraceInterceptor } from './index.ts';

const spans = recordRegisteredSpans();

class OrdersController {
  create(): void {}
}

const call = (type = 'rpc', handler = { name: 'create' }): ExecutionContextLike => ({
  getType: () => type,
  getClass: () => OrdersController,
  getHandler: () => handler,
});
const intercept = <T>(source: Observable<T>, execution = call()): Observable<T> =>
  new TraceInterceptor().intercept(execution, { handle: () => source });
const activeSpan = (): string | undefined => trace.getActiveSpan()?.spanContext().spanId;

test('a handler has a span below the active one, in which it runs, until its observable completes', async () => {
  const parent = await underSpan(spans, async (app) => {
    const traced = intercept(defer(async () => [activeSpan(), spans.open()]));
    expect(spans.open()).toEqual(['application']);
    const [inside, open] = await lastValueFrom(traced);
    expect(open).toEqual(['application', 'OrdersController.create']);
    expect(inside).toBe(spans.span('OrdersController.create').spanContext().spanId);
    return app;
  });
  const span = spans.span('OrdersController.create');
  expect(span.parentSpanContext?.spanId).toBe(parent.spanId);
  expect(span).toMatchObject({
    kind: SpanKind.INTERNAL,
    attributes: { 'code.function.name': 'OrdersController.create' },
  });
});

test('an error is recorded, fails the span of the message, and reaches the subscriber unchanged', async () => {
  const error = new RangeError('no');
  const message = trace.getTracer('test').startSpan('process orders', { kind: SpanKind.CONSUMER }, ROOT_CONTEXT);
  const caught = await context.with(trace.setSpan(ROOT_CONTEXT, message), () =>
    failure(() => lastValueFrom(intercept(throwError(() => error)))),
  );
  message.end();
  expect(caught).toBe(error);
  for (const name of ['OrdersController.create', 'process orders']) {
    const { attributes, status } = spans.span(name);
    expect([attributes['error.type'], status]).toEqual(['RangeError', { code: SpanStatusCode.ERROR, message: 'no' }]);
  }
  expect(spans.span('OrdersController.create').events.map(({ name }) => name)).toEqual(['exception']);
  expect(spans.span('process orders').events).toEqual([]);
});

test('the span of an application is not failed, nor that of a message that has ended', async () => {
  await underSpan(spans, () => failure(() => lastValueFrom(intercept(throwError(() => 'text')))));
  expect(spans.span('application').status.code).toBe(SpanStatusCode.UNSET);
  expect(spans.span('OrdersController.create').attributes['error.type']).toBe('_OTHER');
});

test('values, subscriptions and the class are those of RxJS', async () => {
  expect(await lastValueFrom(intercept(of(1, 2, 3)).pipe(toArray()))).toEqual([1, 2, 3]);
  expect(intercept(of(1))).toBeInstanceOf(Observable);

  const subject = new Subject<number>();
  const traced = intercept(subject);
  const seen: number[] = [];
  traced.pipe(take(2)).subscribe((value) => seen.push(value));
  for (const value of [1, 2, 3]) subject.next(value);
  expect([seen, subject.observed, spans.open()]).toEqual([[1, 2], false, []]);

  // Each subscription runs the handler, in a span of its own.
  expect(spans.named('OrdersController.create')).toHaveLength(2);
});

test('requests of HTTP and GraphQL are left alone, and what is no observable', () => {
  for (const type of ['http', 'graphql']) {
    const source = of(1);
    expect(intercept(source, call(type))).toBe(source);
  }
  const other = { subscribe: () => undefined };
  expect(new TraceInterceptor().intercept(call(), { handle: () => other })).toBe(other);
});

test('a bound handler has the name of the method', async () => {
  await lastValueFrom(intercept(of(1), call('rmq', OrdersController.prototype.create.bind(undefined))));
  expect(spans.span('OrdersController.create')).toBeDefined();
});

test('a fault of tracing leaves the handler alone, and invalid options are named', () => {
  const source = of(1);
  const broken = { getType: () => 'rpc', getClass: () => undefined, getHandler: () => undefined } as never;
  expect(intercept(source, broken)).toBe(source);
  expect(() => new TraceInterceptor({ tracerProvidr: 1 } as object)).toThrow(/did you mean "tracerProvider"/);
  expect(() => new TraceInterceptor({ tracerProvider: {} as never })).toThrow(/TracerProvider/);
});
