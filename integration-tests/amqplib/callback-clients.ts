// Wraps the callback API in promises, for tests.
import type { Channel, ConfirmChannel, Connection } from 'amqplib/callback_api';

/** Waits for the callback of a call. */
export function reply<T>(call: (callback: (error: Error, value?: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error ? reject(error) : resolve(value as T)));
  });
}
/** Opens a channel. */
export const channelOf = (connection: Connection): Promise<Channel> => reply((done) => connection.createChannel(done));
/** Opens a channel with confirms. */
export const confirmChannelOf = (connection: Connection): Promise<ConfirmChannel> =>
  reply((done) => connection.createConfirmChannel(done));
