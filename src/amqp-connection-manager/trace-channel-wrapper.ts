// Traces a channel of the manager, which keeps messages and consumers until there is a connection.
import { noteResult } from '../amqplib/dropped-result.ts';
import { withPublishContext } from '../amqplib/publish-context.ts';
import { activeContext, claim, guard, type Method, replaceMethod } from '../messaging/index.ts';

type Replace = (name: string, make: (raw: Method) => Method) => void;

/**
 * Keeps the context of each publish until the manager publishes the message, and observes what handlers return. The spans are those
 * of the amqplib channel below it.
 */
export function traceChannelWrapper(wrapper: object, options: object): void {
  if (!claim(wrapper, 'traceConnectionManager', options)) return;
  replaceChannelMethods((name, make) => replaceMethod(wrapper, name, make));
}

/** Replaces the methods of one channel or of the class of all. */
export function replaceChannelMethods(replace: Replace): void {
  replace('publish', keepContext(3));
  replace('sendToQueue', keepContext(2));
  replace(
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
function keepContext(at: number): (raw: Method) => Method {
  return (raw) =>
    function publish(this: unknown, ...args: unknown[]): unknown {
      const carrying = guard('keeping the context of a publish', () => withPublishContext(args[at], activeContext()));
      if (carrying !== undefined) args[at] = carrying;
      return Reflect.apply(raw, this, args);
    };
}
