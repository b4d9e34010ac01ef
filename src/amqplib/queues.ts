// Learns which queues are temporary.
import { replaceMethod } from '../messaging/index.ts';
import { complete, takesCallbacks } from './completion.ts';
import type { ChannelState } from './state.ts';

/**
 * Learns from `assertQueue` which queues are exclusive, and therefore temporary. A queue counts from the call on, since it may be
 * published to before the reply; an error from the broker reverts that.
 */
export function learnQueues(channel: object, { exclusiveQueues }: ChannelState): void {
  const callbackAt = takesCallbacks(channel) ? 2 : undefined;
  replaceMethod(
    channel,
    'assertQueue',
    (raw) =>
      function assertQueue(this: unknown, ...args: unknown[]): unknown {
        const [queue, options] = args;
        const exclusive = Boolean((options as { exclusive?: unknown } | null | undefined)?.exclusive);
        // RabbitMQ's own names are known by their form.
        if (typeof queue !== 'string' || queue === '' || exclusive === exclusiveQueues.has(queue)) {
          return Reflect.apply(raw, this, args);
        }
        if (!exclusive) {
          const done = (): void => exclusiveQueues.delete(queue);
          return complete(raw, this, args, { where: 'learning a queue', callbackAt, done });
        }
        exclusiveQueues.add(queue);
        const failed = (): void => exclusiveQueues.delete(queue);
        try {
          return complete(raw, this, args, { where: 'learning a queue', callbackAt, failed });
        } catch (error) {
          failed();
          throw error;
        }
      },
  );
}
