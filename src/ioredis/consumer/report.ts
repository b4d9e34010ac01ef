// Reports of failures.
import { types } from 'node:util';
import { diag } from '@opentelemetry/api';
import { reportFault } from '../../common/faults.ts';
import type { ConsumeSettings, StreamMessage } from './options.ts';

/**
 * Reports a failure to the `onError` option, or to `diag`. A fault of `onError` is counted, also a promise that rejects.
 *
 * @param message - the message whose handler failed; undefined for a failure of Redis.
 * @internal
 */
export function reportFailure(
  { onError, group }: Pick<ConsumeSettings, 'onError' | 'group'>,
  error: unknown,
  message: StreamMessage | undefined,
): void {
  const fault = (thrown: unknown): void => reportFault('the onError option of consumeStream', thrown);
  try {
    if (onError !== undefined) {
      const result: unknown = onError(error, message);
      if (types.isPromise(result)) void Promise.prototype.then.call(result, undefined, fault);
    } else if (message === undefined) {
      diag.error(`mqtrace: consumer of group ${group}`, error);
    } else {
      diag.error(`mqtrace: the handler failed; ${message.stream} ${message.id} stays pending`, error);
    }
  } catch (thrown) {
    fault(thrown);
  }
}
