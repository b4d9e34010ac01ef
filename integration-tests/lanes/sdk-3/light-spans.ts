// Runs the property tests of light spans with version 3 of the SDK.
import { spawn } from 'node:child_process';
import { root } from '../tarball.ts';
import { cachedProject } from '../cached-project.ts';

/**
 * Whether they succeed, and what they print.
 *
 * @param runs - of each property.
 */
export function testLightSpans(runs: number): Promise<{ ok: boolean; output: string }> {
  const env = {
    ...process.env,
    SDK_FOLDER: cachedProject('sdk-3'),
    MQTRACE_RUNS: String(runs),
    // Set by vitest.
    NODE_ENV: undefined,
    NODE_OPTIONS: undefined,
    VITEST: undefined,
  };
  const args = ['vitest', 'run', '--config', 'integration-tests/lanes/sdk-3/vitest.config.ts'];
  return new Promise((resolve, reject) => {
    const child = spawn('npx', args, { cwd: root, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });
}
