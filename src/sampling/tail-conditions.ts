// The conditions that are known only at the end of a span.
import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { checkFunction, checkPositive } from '../common/check-options.ts';

/** What only a span's end can tell. */
export interface TailConditions {
  /** Keep a local trace in which a span failed (status ERROR), and messages that the broker marks as delivered before. Default false. */
  readonly keepErrors?: boolean | undefined;
  /** Keep a local trace in which a span took this many seconds or more. Default: none for that reason. */
  readonly keepSlow?: number | undefined;
  /** Keep a local trace in which this is true of a span, such as of its status code. Default: none for that reason. */
  readonly keepWhen?: ((span: ReadableSpan) => boolean) | undefined;
}

/** Why a span's local trace is kept. @internal */
export type TailReason = 'keepErrors' | 'keepSlow' | 'keepWhen';

/** Looks at an ended span. @internal */
export type TailJudge = (span: ReadableSpan) => TailReason | undefined;

/** The full name of an option in an error message; without an argument that of the options themselves. @internal */
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
      reportFault('keepWhen, which counts as false,', error);
    }
    return false;
  };
  return (span) => {
    if (keepErrors && (span.status.code === SpanStatusCode.ERROR || isRedelivery(span))) return 'keepErrors';
    if (keepSlow !== undefined && span.duration[0] + span.duration[1] / 1e9 >= keepSlow) return 'keepSlow';
    return matches(span) ? 'keepWhen' : undefined;
  };
}

/** The broker says that the message was delivered before: its failure was kept then, wherever that was. */
function isRedelivery({ attributes }: ReadableSpan): boolean {
  if (attributes['mqtrace.message.redelivered'] === true) return true;
  const attempt = attributes['mqtrace.message.delivery_attempt'];
  return typeof attempt === 'number' && attempt > 1;
}
