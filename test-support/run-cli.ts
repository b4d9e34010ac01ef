// Runs a command of mqtrace within the test process.
import { Readable } from 'node:stream';
import type { Output } from '../src/cli/command.ts';
import { run } from '../src/cli/run.ts';

/** The output of a command, and its exit code. */
export interface CliResult {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/**
 * Runs a command with 120 columns, no terminal, an empty environment and empty standard input.
 *
 * @param given - what differs from that.
 */
export async function runCli(args: string[], given: Partial<Output> = {}): Promise<CliResult> {
  const out: string[] = [];
  const error: string[] = [];
  const code = await run(args, {
    out: (line) => void out.push(line),
    error: (line) => void error.push(line),
    progress: () => {},
    width: 120,
    colour: false,
    interactive: false,
    environment: {},
    stdin: Readable.from([]),
    pageFolder: '',
    ...given,
  });
  return { code, out: out.join('\n'), error: error.join('\n') };
}
