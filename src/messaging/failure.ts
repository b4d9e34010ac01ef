// Records on a span how its operation failed.
import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { errorMessage, errorType, exceptionOf } from '../common/error-type.ts';
import { answered, reportFault } from '../common/faults.ts';
import { markRecorded } from '../common/recorded-errors.ts';
import { ATTR_ERROR_TYPE } from './semconv.ts';

/** How one operation failed, or several for the same reason. */
export interface Failure {
  /** Undefined if a reply reports the failure and nothing was thrown: then no exception is recorded. */
  readonly error: unknown;
  /** `error.type`; undefined if the error could not be read, of which nothing is recorded. */
  readonly type: string | undefined;
}

/**
 * Never throws.
 *
 * @param type - `error.type`, if the caller knows a better one than that of the error.
 */
export function failureOf(error: unknown, type?: string): Failure {
  try {
    return { error, type: type ?? errorType(error) };
  } catch (fault) {
    reportFault('recording an error', fault);
    return { error, type: undefined };
  }
}

/**
 * Sets status, `error.type` and an exception event, unless the error is expected. Never throws.
 *
 * @param time - of the event. Default: now.
 */
export function recordFailure(
  span: Span | undefined,
  { error, type }: Failure,
  isExpectedError: ((error: unknown) => boolean) | undefined,
  time: number | undefined,
): void {
  if (span === undefined || type === undefined) return;
  try {
    if (!answered(span.isRecording())) return;
    if (error !== undefined && isExpectedError?.(error) === true) return;
    answered(span.setAttribute(ATTR_ERROR_TYPE, type));
    if (error === undefined) {
      answered(span.setStatus({ code: SpanStatusCode.ERROR }));
      return;
    }
    answered(span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) }));
    if (markRecorded(span, error)) answered(span.recordException(exceptionOf(error), time));
  } catch (fault) {
    reportFault('recording an error', fault);
  }
}
