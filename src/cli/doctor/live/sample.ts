// Defines the data that live checks read from a broker.

/** A message that was read. */
export interface Sample {
  /** Its position, such as "partition 0, offset 12". */
  at: string;
  /** Headers in the shape of the client. */
  message: unknown;
  /** The creation time, by the broker's or the producer's clock; undefined if unknown. */
  time: number | undefined;
  /** Bytes of the message with its headers. */
  bytes: number;
}

/** Messages of one destination. */
export interface Samples {
  system: 'kafka' | 'rabbitmq' | 'redis';
  destination: string;
  samples: Sample[];
  /** The maximum bytes of a message (Kafka) or its header table (RabbitMQ); undefined if unknown. */
  limit: number | undefined;
}

/** Options of every live check. */
export interface LiveOptions {
  /** The directory from which the client is resolved. */
  project: string;
  /** The number of messages to read. */
  count: number;
  /** How long to wait for new messages, in milliseconds. */
  waitMs: number;
  /** Aborted by Ctrl-C: objects created in the broker are removed, and the check rejects. */
  signal: AbortSignal;
}

/** Settles like the promise, or rejects when the signal is aborted. The owner of the promise releases its resources. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('interrupted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Resolves after a time, or immediately when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
    if (signal.aborted) finish();
  });
}
