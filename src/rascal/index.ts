// Traces rascal, which opens its connections itself and shares channels between publications.
import { checkAmqplibOptions, type TraceAmqplibOptions } from '../amqplib/options.ts';
import { traceOneConnection } from '../amqplib/trace-connection.ts';
import { checkClient, claim, guard, Messaging, replaceMethod } from '../messaging/index.ts';
import { bindChannelRequests } from './publications.ts';

export type { TraceAmqplibOptions } from '../amqplib/options.ts';

/** The modules that rascal uses, as `require` or a default import gives them. */
export interface RascalModules {
  /** `amqplib/callback_api`, the copy that rascal uses. */
  readonly amqplib: { connect(url: never, socketOptions: never, callback: never): unknown };
  /** `rascal/lib/amqp/Publication`. */
  readonly publication: { create(vhost: never, config: never, next: never): unknown };
}

/**
 * Traces all brokers of rascal that are created afterwards: their connections are traced as by `traceConnection`, and each message is
 * published in the context of its `publish` call. Rascal gives no access to its connections, so two functions of the given modules
 * are replaced: `connect`, also for other users of the same module, and `create`.
 *
 *     traceRascal({ amqplib, publication });
 *
 * @throws MqtraceError `INVALID_CLIENT` if these are not the modules, `INVALID_OPTION`
 */
export function traceRascal(modules: RascalModules, options: TraceAmqplibOptions = {}): void {
  checkAmqplibOptions('traceRascal', options);
  const { amqplib, publication } = (modules ?? {}) as Partial<RascalModules>;
  checkClient('traceRascal', amqplib, ['connect'], 'amqplib: the module amqplib/callback_api');
  checkClient('traceRascal', publication, ['create'], 'publication: the module rascal/lib/amqp/Publication');
  traceConnect(amqplib as object, new Messaging('rabbitmq', 'traceRascal', options), options);
  if (claim(publication as object, 'traceRascal', {})) {
    replaceMethod(publication as object, 'create', bindChannelRequests);
  }
}

function traceConnect(amqplib: object, messaging: Messaging, options: TraceAmqplibOptions): void {
  if (!claim(amqplib, 'traceRascal', options)) return;
  replaceMethod(
    amqplib,
    'connect',
    (raw) =>
      function connect(this: unknown, ...args: unknown[]): unknown {
        const last = args.length - 1;
        const callback = args[last];
        if (typeof callback === 'function') {
          args[last] = function onConnection(this: unknown, ...results: unknown[]): unknown {
            const [, connection] = results;
            if (typeof connection === 'object' && connection !== null) {
              guard('tracing a connection', () => traceOneConnection(connection, messaging, options));
            }
            return Reflect.apply(callback, this, results);
          };
        }
        return Reflect.apply(raw, this, args);
      },
  );
}
