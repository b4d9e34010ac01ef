// Traces what all clients of a kafkajs make, for applications that do not wrap them.
import {
  guard,
  isAutoInstrumented,
  isPatched,
  isTracedExplicitly,
  replaceClassMethod,
  stepAside,
} from '../messaging/index.ts';
import type { TraceKafkaOptions } from './options.ts';
import { Making } from './trace-kafka.ts';
import type { ConsumerLike, ProducerLike } from './types.ts';

/**
 * Makes the class of kafkajs' clients return traced producers and consumers. The results of the client's own methods
 * are wrapped, so that a subclass is called once, as before.
 *
 * @param client - the class, `Kafka`.
 * @param current - the options with which clients are currently traced; undefined while they are not traced.
 * @internal
 */
export function traceKafkaClass(client: { prototype: object }, current: () => TraceKafkaOptions | undefined): void {
  /** The same options are those of many clients. */
  const makings = new WeakMap<TraceKafkaOptions, Making>();
  const makingOf = (options: TraceKafkaOptions): Making => {
    const known = makings.get(options) ?? new Making(options);
    makings.set(options, known);
    return known;
  };
  const trace = (kafka: unknown, name: string, raw: unknown, made: object, method: string, config: unknown): void => {
    const options = current();
    if (options === undefined || isTracedExplicitly(kafka as object)) return;
    // Below or above this method, or on the object that it created.
    if (isPatched(raw) || isAutoInstrumented(kafka as object, name) || isAutoInstrumented(made, method)) {
      stepAside('kafkajs');
    } else if (name === 'producer') {
      makingOf(options).producer(made as ProducerLike, kafka as object);
    } else {
      makingOf(options).consumer(made as ConsumerLike, config, kafka as object);
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
