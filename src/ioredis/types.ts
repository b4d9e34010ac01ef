/** What a client has to offer to be traced: ioredis' `Redis` and `Cluster`, of any reply mapping. */
export interface RedisLike {
  readonly status: string;
  sendCommand(command: never, stream?: never, node?: never): unknown;
  pipeline(commands?: never): object;
  multi(commands?: never, options?: never): unknown;
  duplicate(...args: never): object;
  on(event: never, listener: never): unknown;
  disconnect(reconnect?: boolean): void;
}

/**
 * A stream entry as ioredis returns it: the id, and names and values in turn; null in place of them where the entry was trimmed or
 * deleted.
 */
export type StreamEntryLike = readonly [id: string | Buffer, fields: readonly (string | Buffer)[] | null, ...unknown[]];

/** What is used of ioredis' `Command`: every command becomes one, whatever call it came from. @internal */
export interface Command {
  name: string;
  /** Flat; strings and Buffers, keys with their prefix. */
  args: unknown[];
  inTransaction?: boolean | undefined;
  reject: (error: unknown) => void;
  /** Makes of the server's reply what the application gets; of one in a transaction, a second time with what EXEC returned. */
  transformReply: (reply: unknown) => unknown;
}

/** What is used of ioredis' `Pipeline`. @internal */
export interface Pipeline {
  isPipeline?: boolean | undefined;
  sendCommand: (command: Command) => unknown;
  addBatch: (commands: unknown[]) => unknown;
  /** Called when nothing of the pipeline will be tried again. */
  resolve: (results: unknown) => void;
  reject: (error: unknown) => void;
}

/** What is used of a client beyond {@link RedisLike}. @internal */
export interface Client {
  status: string;
  isCluster?: boolean | undefined;
  options: {
    host?: unknown;
    port?: unknown;
    path?: unknown;
    sentinels?: unknown;
    keyPrefix?: unknown;
  };
  once(event: 'close', listener: () => void): unknown;
  removeListener(event: 'close', listener: () => void): unknown;
}
