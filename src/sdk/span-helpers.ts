// Runs a function in a span, and records errors.
import {
  type Context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanOptions,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { activeContext, callInContext } from '../common/active-context.ts';
import { isEagerPromise } from '../common/eager-promise.ts';
import { reportFault } from '../common/faults.ts';
import { errorMessage, errorType, exceptionOf } from '../common/error-type.ts';
import { markRecorded } from '../common/recorded-errors.ts';
import type { OperationEnd } from './operation-metrics.ts';

/**
 * Runs `fn` in a span that ends when `fn` returns, throws, or its promise settles. The caller gets the result of `fn` unchanged, a
 * value, a promise or an error. An object whose `then` may start work, such as a query builder, is a value. `over` is called at the
 * end; it must not throw.
 *
 * @internal
 */
export function runInSpan<T>(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  fn: (span: Span) => T,
  over?: OperationEnd,
): T {
  const span = start(tracer, name, options);
  let result: T;
  try {
    result = callInContext(withSpan(span), fn, span);
  } catch (error) {
    recordError(error, span);
    end(span);
    over?.({ error });
    throw error;
  }
  if (isEagerPromise(result)) {
    // The promise created here replaces the one of fn, so that an unhandled rejection stays unhandled.
    return result.then(
      (value) => {
        end(span);
        over?.();
        return value;
      },
      (error: unknown) => {
        recordError(error, span);
        end(span);
        over?.({ error });
        throw error;
      },
    ) as T;
  }
  end(span);
  over?.();
  return result;
}

/**
 * Status ERROR, `error.type` and an `exception` event. Never throws, for any value of error.
 *
 * @internal
 */
export function recordError(error: unknown, span: Span): void {
  try {
    if (!span.isRecording() || !markRecorded(span, error)) return;
    const message = errorMessage(error);
    span.setAttribute('error.type', errorType(error));
    span.setStatus({ code: SpanStatusCode.ERROR, message });
    span.recordException(exceptionOf(error));
  } catch (fault) {
    reportFault('recording an error on a span', fault);
  }
}

function start(tracer: Tracer, name: string, options: SpanOptions): Span {
  const active = activeContext();
  try {
    return tracer.startSpan(name, options, active);
  } catch (fault) {
    reportFault('starting a span', fault);
    return trace.wrapSpanContext(trace.getSpanContext(active) ?? INVALID_SPAN_CONTEXT);
  }
}

function withSpan(span: Span): Context {
  const active = activeContext();
  try {
    return trace.setSpan(active, span);
  } catch (fault) {
    reportFault('making a span active', fault);
    return active;
  }
}

function end(span: Span): void {
  try {
    // fn may have ended it; the SDK logs an error for a second end.
    if (span.isRecording()) span.end();
  } catch (fault) {
    reportFault('ending a span', fault);
  }
}
