// mqtrace/register keeps the context of messages that wait in an amqp-connection-manager.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { application, register, run } from './service.ts';

const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** A working directory in which the package is installed under its own name. */
function project(build: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-manager-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(join(modules, build), join(folder, 'node_modules/amqp-connection-manager'));
  return folder;
}

it.each(
  ['amqp-connection-manager-4.0', 'amqp-connection-manager-4.1', 'amqp-connection-manager'].flatMap((build) =>
    ['require', 'import'].map((load) => [build, load] as const),
  ),
)('%s, by %s: six messages that wait for the first connection are each in their own trace', async (build, load) => {
  const program = join(application, 'connection-manager.mjs');
  const env = { BUILD: build, LOAD: load };
  const { out, err, code, spans } = await run(['--import', register, program], { cwd: project(build), env });
  expect([code, err]).toEqual([0, '']);
  expect(JSON.parse(out)).toEqual({ own: 6, of: 6 });
  expect(spans.filter(({ name }) => name.startsWith('publish '))).toHaveLength(6);
});
