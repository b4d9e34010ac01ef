// Defines the interface between the command line and its commands.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { MqtraceError, unknownOption } from '../common/errors.ts';

/** The output and the environment of a command. */
export interface Output {
  /** A line of the result. */
  out(line: string): void;
  /** A line for users, separate from the result. */
  error(line: string): void;
  /** Overwrites the line for users; an empty text clears it. Does nothing if standard error is not a terminal. */
  progress(line: string): void;
  /** Columns of the terminal. */
  width: number;
  colour: boolean;
  interactive: boolean;
  environment: Readonly<Record<string, string | undefined>>;
  stdin: NodeJS.ReadableStream;
  pageFolder: string;
}

/** One command of the command line. */
export interface Command {
  help: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], output: Output): Promise<number>;
}

/** The output of a process. */
export function terminal(pageFolder: string): Output {
  const { stdout, stderr, env } = process;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    error: (line) => void stderr.write(`${line}\n`),
    progress: (line) => {
      if (stderr.isTTY) stderr.write(`\r\u001B[K${line}`);
    },
    width: stdout.columns ?? 80,
    colour: stdout.isTTY && env['NO_COLOR'] === undefined,
    interactive: stdout.isTTY,
    environment: env,
    stdin: process.stdin,
    pageFolder,
  };
}

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T; allowPositionals: true }>>;

/** Reads a command's arguments. @throws MqtraceError `INVALID_OPTION` with the nearest known name. */
export function readArguments<T extends Options>(args: readonly string[], options: T): Values<T> {
  try {
    return parseArgs<{ args: string[]; options: T; allowPositionals: true; allowNegative: true }>({
      args: [...args],
      options,
      allowPositionals: true,
      allowNegative: true,
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const [, unknown] = /Unknown option '--?(?:no-)?([^']+)'/.exec(message) ?? [];
    if (unknown !== undefined) throw unknownOption('command line', unknown, Object.keys(options));
    throw new MqtraceError('INVALID_OPTION', message);
  }
}

/** A number of an option. @throws MqtraceError `INVALID_OPTION` */
export function numberOf(
  name: string,
  given: string | undefined,
  min = 0,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === '' || !Number.isFinite(value) || value < min || value > max)
    throw new MqtraceError(
      'INVALID_OPTION',
      `--${name}: expected a number from ${min} to ${max}, got ${JSON.stringify(given)}`,
    );
  return value;
}
