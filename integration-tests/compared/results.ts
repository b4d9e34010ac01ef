// Runs the program of this folder with one tracer, and keeps the answers of all.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TracerName } from './tracers.ts';

/** For each client, the answers to its questions; a question that has no meaning for a tracer has none. */
export type Answers = Readonly<Record<string, Readonly<Record<string, boolean>>>>;

/** What a tracer has answered, and in which version. */
export interface Asked {
  readonly node: string;
  /** The versions of its packages. */
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: Answers;
}

/** The answers of each tracer. */
export type Compared = { readonly [Name in TracerName]: Asked };

const file = fileURLToPath(new URL('results.json', import.meta.url));

/** The results that docs/compared.md shows. */
export function readResults(): Compared {
  return JSON.parse(readFileSync(file, 'utf8')) as Compared;
}

/** Replaces the results that docs/compared.md shows. */
export function writeResults(results: Compared): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** Where the brokers are. */
export interface Addresses {
  readonly kafkaBroker: string;
  readonly amqpUrl: string;
  readonly redisUrl: string;
}

/** Options of {@link ask}. */
export interface AskOptions {
  /** The folder in which the packages of the tracer are installed. Default: this project. */
  readonly modules?: string;
  /** Only questions that contain this text are asked. Default: all. */
  readonly question?: string;
  /** The executable of Node.js. Default: that of this process. */
  readonly node?: string;
}

/** Asks one tracer all questions, in a process of its own. */
export async function ask(tracer: TracerName, addresses: Addresses, options: AskOptions = {}): Promise<Answers> {
  const { modules = '', node = process.execPath, question = '' } = options;
  const program = fileURLToPath(new URL('program.js', import.meta.url));
  const args = [program, tracer, addresses.kafkaBroker, addresses.amqpUrl, addresses.redisUrl];
  const env = {
    ...process.env,
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
    COMPARED_MODULES: modules,
    COMPARED_QUESTION: question,
  };
  const { stdout, stderr } = await promisify(execFile)(node, args, { timeout: 600_000, maxBuffer: 1e8, env });
  const line = stdout.split('\n').find((each) => each.startsWith('answers '));
  if (line === undefined) throw new Error(`${tracer} has no answers: ${stderr}`);
  process.stderr.write(stderr);
  return JSON.parse(line.slice('answers '.length)) as Answers;
}
