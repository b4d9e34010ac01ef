// Runs `mqtrace doctor` in this process, or in a separate one to interrupt it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { LookedAt } from '../../src/cli/doctor/live/check-live.ts';
import type { DoctorFinding } from '../../src/cli/doctor/finding.ts';
import { runCli } from '../../test-support/run-cli.ts';

export const root: string = join(import.meta.dirname, '../..');

/** The result of `mqtrace doctor --json` for messages, without findings about the project. */
export interface Answer {
  code: number;
  findings: DoctorFinding[];
  checks: string[];
  messages: LookedAt[];
  text: string;
}

const live = /\((?:kafka|rabbitmq|redis)\)/;

export async function doctor(...args: string[]): Promise<Answer> {
  const { code, out, error } = await runCli(['doctor', '--offline', '--json', '--project', root, ...args], {
    width: 100,
  });
  const text = [out, error].filter((part) => part !== '').join('\n');
  const answer = JSON.parse(text) as { findings: DoctorFinding[]; messages: LookedAt[] };
  const findings = answer.findings.filter(({ what }) => live.test(what));
  return { code, findings, checks: findings.map(({ check }) => check), messages: answer.messages, text };
}

/** Starts the command, interrupts it as soon as `begun` returns true, and returns its exit code. */
export async function interrupted(args: readonly string[], begun: () => Promise<boolean>): Promise<number | null> {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--import', 'tsx', join(root, 'src/cli/main.ts'), 'doctor', '--offline', '--project', root, ...args],
    { cwd: root, stdio: 'ignore' },
  );
  const ended = once(child, 'exit') as Promise<[number | null]>;
  try {
    while (child.exitCode === null && !(await begun())) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill('SIGINT');
    const [code] = await ended;
    return code;
  } finally {
    child.kill('SIGKILL');
  }
}
