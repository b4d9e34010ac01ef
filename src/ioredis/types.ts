// The parts of ioredis that are used, described structurally: nothing of the client is imported.

/** A client that can be traced: ioredis' `Redis` and `Cluster`, of any reply mapping. */
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
 * A stream entry as ioredis returns it: the id, and alternating names and values; null instead of them if the entry was trimmed or
 * deleted.
 */
export type StreamEntryLike = readonly [id: string | Buffer, fields: readonly (string | Buffer)[] | null, ...unknown[]];

/** The part of ioredis' `Command` that is used: every call creates one. @internal */
export interface Command {
  name: string;
  /** Flat; strings and Buffers, keys with their prefix. */
  args: unknown[];
  inTransaction?: boolean | undefined;
  reject: (error: unknown) => void;
  /** Turns the server's reply into the result of the call. In a transaction it is called again with the result from EXEC. */
  transformReply: (reply: unknown) => unknown;
}

/** The part of ioredis' `Pipeline` that is used. @internal */
export interface Pipeline {
  isPipeline?: boolean | undefined;
  sendCommand: (command: Command) => unknown;
  addBatch: (commands: unknown[]) => unknown;
  /** Called when no command of the pipeline will be sent again. */
  resolve: (results: unknown) => void;
  reject: (error: unknown) => void;
}

/** The part of a client that is used beyond {@link RedisLike}. @internal */
export interface Client {
  status: string;
  isCluster?: boolean | undefined;
  /** A mock may have none. */
  options?:
    | {
        host?: unknown;
        port?: unknown;
        path?: unknown;
        sentinels?: unknown;
        keyPrefix?: unknown;
        autoResendUnfulfilledCommands?: unknown;
      }
    | undefined;
  on(event: string, listener: (error?: unknown) => void): unknown;
  removeListener(event: string, listener: () => void): unknown;
}
