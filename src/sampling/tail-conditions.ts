// Checks the conditions that are known only at the end of a span.
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { checkFunction, checkPositive } from '../common/check-options.ts';

/** Conditions that are known only at the end of a span. */
export interface TailConditions {
  /**
   * Keeps a local trace if one of its spans failed (status ERROR), or if the broker marked its message as redelivered. Default
   * false.
   */
  readonly keepErrors?: boolean | undefined;
  /** Keeps a local trace if one of its spans took at least this many seconds. Default: not used. */
  readonly keepSlow?: number | undefined;
  /** Keeps a local trace if this returns true for one of its spans, for example by its status code. Default: not used. */
  readonly keepWhen?: ((span: ReadableSpan) => boolean) | undefined;
}

/** The reason why the local trace of a span is kept. @internal */
export type TailReason = 'keepErrors' | 'keepSlow' | 'keepWhen';

/** Checks an ended span. @internal */
export type TailJudge = (span: ReadableSpan) => TailReason | undefined;

/** The full name of an option for an error message; without an argument, the name of the options object. @internal */
export type OptionPath = (name?: string) => string;

/** @internal */
export function checkTailConditions(where: OptionPath, { keepErrors, keepSlow, keepWhen }: TailConditions): void {
  if (keepErrors !== undefined && typeof keepErrors !== 'boolean') {
    throw invalidOption(where('keepErrors'), keepErrors, 'true or false');
  }
  if (keepSlow !== undefined) checkPositive(where('keepSlow'), keepSlow);
  if (keepWhen !== undefined) checkFunction(where('keepWhen'), keepWhen);
}

/** Undefined if no condition is given. @internal */
export function tailJudge({ keepErrors, keepSlow, keepWhen }: TailConditions): TailJudge | undefined {
  if (keepErrors !== true && keepSlow === undefined && keepWhen === undefined) return undefined;
  const matches = (span: ReadableSpan): boolean => {
    if (!keepWhen) return false;
    try {
      return Boolean(answered(keepWhen(span)));
    } catch (error) {
      reportFault('keepWhen (the result counts as false)', error);
    }
    return false;
  };
  return (span) => {
    if (keepErrors && (span.status.code === SpanStatusCode.ERROR || isRedelivery(span))) return 'keepErrors';
    if (keepSlow !== undefined && span.duration[0] + span.duration[1] / 1e9 >= keepSlow) return 'keepSlow';
    return matches(span) ? 'keepWhen' : undefined;
  };
}

/** The broker marked the message as redelivered: an earlier delivery failed, possibly in another process. */
function isRedelivery({ attributes }: ReadableSpan): boolean {
  if (attributes['mqtrace.message.redelivered'] === true) return true;
  const attempt = attributes['mqtrace.message.delivery_attempt'];
  return typeof attempt === 'number' && attempt > 1;
}
