// Traces the producers and consumers that kafkajs clients create, for applications that do not wrap a client.
import { onceForEach } from '../common/once-for-each.ts';
import {
  guard,
  isAutoInstrumented,
  isPatched,
  isTracedExplicitly,
  replaceClassMethod,
  stepAside,
} from '../messaging/index.ts';
import type { TraceKafkaOptions } from './options.ts';
import { CreatedClients } from './trace-kafka.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/**
 * Makes the class of kafkajs' clients return traced producers and consumers. Only the results of the methods are wrapped;
 * the methods of a subclass still run once.
 *
 * @param client - the class, `Kafka`.
 * @param current - the options with which clients are currently traced; undefined while they are not traced.
 * @internal
 */
export function traceKafkaClass(client: { prototype: object }, current: () => TraceKafkaOptions | undefined): void {
  /** One for each options object, because many clients share the same options. */
  const createdWith = onceForEach((options: TraceKafkaOptions) => new CreatedClients(options));
  const trace = (kafka: unknown, name: string, raw: unknown, made: object, method: string, config: unknown): void => {
    const options = current();
    if (options === undefined || isTracedExplicitly(kafka as object)) return;
    // OpenTelemetry's instrumentation may have patched this method before or after us, or the created object.
    if (isPatched(raw) || isAutoInstrumented(kafka as object, name) || isAutoInstrumented(made, method)) {
      stepAside('kafkajs');
    } else if (name === 'producer') {
      createdWith(options).producer(made as ProducerLike, kafka as object);
    } else {
      createdWith(options).consumer(made as ConsumerLike, config, kafka as object);
    }
  };
  const methods = { producer: 'send', consumer: 'run' };
  for (const [name, method] of Object.entries(methods)) {
    replaceClassMethod(
      client.prototype,
      name,
      (raw) =>
        function make(this: unknown, ...args: unknown[]): unknown {
          const made = raw.apply(this, args);
          guard('tracing a kafkajs client', () => trace(this, name, raw, made as object, method, args[0]));
          return made;
        },
    );
  }
}
