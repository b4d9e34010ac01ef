// Reports the failures of a consumer.
import { callHook } from '../../common/faults.ts';
import { reportError } from '../../common/warnings.ts';
import type { ConsumeSettings, StreamMessage } from './options.ts';

/**
 * Reports a failure to the `onError` option, or else on `diag` or stderr. A fault of `onError` is counted, also a promise that rejects.
 *
 * @param message - the message whose handler failed; undefined for a failure of Redis.
 * @internal
 */
export function reportFailure(
  { onError, group }: Pick<ConsumeSettings, 'onError' | 'group'>,
  error: unknown,
  message: StreamMessage | undefined,
): void {
  if (onError !== undefined) {
    callHook('the onError option of consumeStream', () => onError(error, message));
  } else if (message === undefined) {
    reportError(`consumer of ${group}`, `a consumer of group ${group} failed`, error);
  } else {
    const { stream, id } = message;
    reportError(`handler of ${stream}`, `the handler failed; ${stream} ${id} stays pending`, error);
  }
}

/** @internal */
export function invalidEntries(command: string): Error {
  return new Error(
    `consumeStream: ${command} returned a reply with invalid entries; they stay pending. ` +
      `Is there a reply transformer for it (Command.setReplyTransformer)?`,
  );
}
