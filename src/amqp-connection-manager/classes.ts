// Keeps the context of publishes through amqp-connection-manager, for applications that do not wrap a manager.
import { replaceClassMethodWhile } from '../messaging/index.ts';
import { replaceChannelMethods } from './trace-channel-wrapper.ts';

/**
 * Makes the channels of a connection manager keep the context of each publish and return the results of handlers. The spans are
 * created by the classes of amqplib, which are traced as well.
 *
 * @param wrapper - the class `ChannelWrapper`.
 * @param isOn - whether amqplib is currently traced.
 * @internal
 */
export function traceChannelWrapperClass(wrapper: { prototype: object }, isOn: () => boolean): void {
  replaceChannelMethods((name, make) => replaceClassMethodWhile(wrapper.prototype, name, isOn, make));
}
