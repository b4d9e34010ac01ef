// What the live checks read from a broker.

/** A message that was looked at. */
export interface Sample {
  /** Where it is, such as "partition 0, offset 12". */
  at: string;
  /** Headers in the shape in which the client gives them. */
  message: unknown;
  /** When the message was created, by the broker's or the producer's clock; undefined where it does not tell. */
  time: number | undefined;
  /** Bytes of the message with its headers. */
  bytes: number;
}

/** Messages of one destination. */
export interface Samples {
  system: 'kafka' | 'rabbitmq' | 'redis';
  destination: string;
  samples: Sample[];
  /** How many bytes a message (Kafka) or its header table (RabbitMQ) may have; undefined where it is not known. */
  limit: number | undefined;
}

/** Options of every live check. */
export interface LiveOptions {
  /** The directory from which the client is resolved. */
  project: string;
  /** How many messages are looked at. */
  count: number;
  /** How long new messages are waited for, in milliseconds. */
  waitMs: number;
  /** Aborted by Ctrl-C: what was made in the broker is removed, and the check rejects. */
  signal: AbortSignal;
}

/** Settles as the promise does, or rejects when the signal is aborted; what the promise holds is released by its owner. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('interrupted'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Resolves after a time, or at once when the signal is aborted. */
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
