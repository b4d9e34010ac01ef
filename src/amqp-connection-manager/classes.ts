// Keeps the context of publishes of all connection managers, for applications that do not wrap them.
import { replaceClassMethod } from '../messaging/index.ts';
import { replaceChannelMethods } from './trace-channel-wrapper.ts';

/**
 * Lets the channels of a connection manager keep the context of each publish, and pass on what handlers return. The spans are those of
 * amqplib's classes, which are traced as well.
 *
 * @param wrapper - the class `ChannelWrapper`.
 * @param isOn - whether amqplib is traced now.
 * @internal
 */
export function traceChannelWrapperClass(wrapper: { prototype: object }, isOn: () => boolean): void {
  replaceChannelMethods((name, make) =>
    replaceClassMethod(wrapper.prototype, name, (raw) => {
      const traced = make(raw);
      return function call(this: unknown, ...args: unknown[]): unknown {
        return Reflect.apply(isOn() ? traced : raw, this, args);
      };
    }),
  );
}
