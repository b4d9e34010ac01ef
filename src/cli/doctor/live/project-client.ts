// Loads a client like the project: its own version, from its own directory.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { MqtraceError } from '../../../common/errors.ts';
import { packageManagerOf } from '../package-manager.ts';

/** @throws MqtraceError `MISSING_DEPENDENCY` with the command that installs the client. */
export function projectClient(project: string, name: 'kafkajs' | 'amqplib' | 'ioredis'): unknown {
  const directory = resolve(project);
  const require = createRequire(join(directory, 'package.json'));
  try {
    return require(name);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    throw new MqtraceError(
      'MISSING_DEPENDENCY',
      missing
        ? `${name} is not installed in ${directory}, and the messages are read with the project's own client. Install it with "${packageManagerOf(directory).add(name)}", or name another directory with --project.`
        : `${name} in ${directory} does not load: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
