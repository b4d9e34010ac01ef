// Traces a channel of the manager, which keeps messages and consumers until there is a connection.
import { noteResult } from '../amqplib/dropped-result.ts';
import { withPublishContext } from '../amqplib/publish-context.ts';
import { activeContext, claim, guard, replaceMethod } from '../messaging/index.ts';

/**
 * Keeps the context of each publish until the manager publishes the message, and observes what handlers return. The spans are those
 * of the amqplib channel below it.
 */
export function traceChannelWrapper(wrapper: object, options: object): void {
  if (!claim(wrapper, 'traceConnectionManager', options)) return;
  keepContext(wrapper, 'publish', 3);
  keepContext(wrapper, 'sendToQueue', 2);
  replaceMethod(
    wrapper,
    'consume',
    (raw) =>
      function consume(this: unknown, ...args: unknown[]): unknown {
        const handler = args[1];
        if (typeof handler === 'function') {
          args[1] = function onMessage(this: unknown, ...messages: unknown[]): unknown {
            const result: unknown = Reflect.apply(handler, this, messages);
            noteResult(messages[0], result);
            return result;
          };
        }
        return Reflect.apply(raw, this, args);
      },
  );
}

/** @param at - the position of the options among the arguments */
function keepContext(wrapper: object, name: string, at: number): void {
  replaceMethod(
    wrapper,
    name,
    (raw) =>
      function publish(this: unknown, ...args: unknown[]): unknown {
        const carrying = guard('keeping the context of a publish', () => withPublishContext(args[at], activeContext()));
        if (carrying !== undefined) args[at] = carrying;
        return Reflect.apply(raw, this, args);
      },
  );
}
