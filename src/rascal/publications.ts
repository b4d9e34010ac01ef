// Publishes each message of rascal in the context of its call, though its channel may become free in another request.
import { bindCallbacks } from '../amqplib/completion.ts';
import { claim, guard, type Method, replaceClassMethodWhile } from '../messaging/index.ts';

/** The methods of a virtual host whose callbacks run when another request has given a channel back, in its context. */
const requests = ['borrowChannel', 'borrowConfirmChannel', 'getChannel', 'getConfirmChannel'];

/** Makes `create` of rascal's publications run the callbacks of channel requests in the context of the request. */
export function bindChannelRequests(raw: Method): Method {
  return function create(this: unknown, ...args: unknown[]): unknown {
    const [vhost] = args;
    // Before the publication takes these methods from the virtual host.
    guard('tracing a virtual host', () => {
      if (typeof vhost === 'object' && vhost !== null && claim(vhost, 'traceRascal', {})) {
        bindCallbacks(vhost, requests);
      }
    });
    return Reflect.apply(raw, this, args);
  };
}

/**
 * The same for applications that do not call `traceRascal`. The spans are created by the classes of amqplib, which are traced as well.
 *
 * @param publication - the module `rascal/lib/amqp/Publication`.
 * @param isOn - whether amqplib is currently traced.
 * @internal
 */
export function tracePublicationModule(publication: object, isOn: () => boolean): void {
  replaceClassMethodWhile(publication, 'create', isOn, bindChannelRequests);
}
