// Runs the program of this folder with one tracer, and keeps the answers of all.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The compared tracers, as the folder `set-up` names them. */
export const tracers = ['mqtrace', 'opentelemetry', 'sentry', 'datadog'] as const;
/** The name of a compared tracer. */
export type TracerName = (typeof tracers)[number];

/** For each client, the answers to its questions; a question that has no meaning for a tracer has none. */
export type Answers = Readonly<Record<string, Readonly<Record<string, boolean>>>>;

/** The answers of each tracer, and the versions of what was compared. */
export interface Compared {
  readonly node: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly answers: { readonly [Name in TracerName]: Answers };
}

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

/**
 * Asks one tracer all questions, in a process of its own.
 *
 * @param modules - the folder in which the packages of Sentry and Datadog are installed.
 */
export async function ask(tracer: TracerName, addresses: Addresses, modules = ''): Promise<Answers> {
  const program = fileURLToPath(new URL('program.js', import.meta.url));
  const args = [program, tracer, addresses.kafkaBroker, addresses.amqpUrl, addresses.redisUrl];
  const env = { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1', COMPARED_MODULES: modules };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 400_000, env });
  const line = stdout.split('\n').find((each) => each.startsWith('answers '));
  if (line === undefined) throw new Error(`${tracer} has no answers: ${stderr}`);
  return JSON.parse(line.slice('answers '.length)) as Answers;
}
