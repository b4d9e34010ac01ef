// Leaves the Redis clients that BullMQ creates for itself untraced: its streams of events are no messages of the application.
import { leaveUntraced } from '../ioredis/classes.ts';
import { giveUpAutomatic, guard, replaceClassMethod } from '../messaging/index.ts';
import { type Class, classFile, type PackageFile } from './module-loads.ts';

interface RedisConnection {
  readonly _client?: object;
  readonly extraOptions?: { readonly shared?: unknown };
  readonly shared?: unknown;
}

/** Ends the tracing of a duplicate of an application's client. The application's client itself stays traced. */
function giveUp(client: object | undefined): void {
  if (client !== undefined) guard("leaving BullMQ's Redis client untraced", () => giveUpAutomatic(client));
}

function watchConnections({ prototype }: Class): void {
  replaceClassMethod(
    prototype,
    'init',
    (raw) =>
      function init(this: RedisConnection, ...args: unknown[]): unknown {
        // A client that is not shared with the application is a duplicate.
        if ((this.extraOptions?.shared ?? this.shared) === false) giveUp(this._client);
        return leaveUntraced(() => raw.apply(this, args));
      },
  );
}

/** Version 5 says that this duplicate is shared. */
function watchEvents({ prototype }: Class): void {
  replaceClassMethod(
    prototype,
    'run',
    (raw) =>
      function run(this: { readonly connection?: RedisConnection }, ...args: unknown[]): unknown {
        giveUp(this.connection?._client);
        return raw.apply(this, args);
      },
  );
}

const folder = 'dist/cjs/classes';

export const bullmqRedisFiles: readonly PackageFile[] = [
  classFile('bullmq', `${folder}/redis-connection.js`, 'RedisConnection', watchConnections),
  classFile('bullmq', `${folder}/queue-events.js`, 'QueueEvents', watchEvents),
];
