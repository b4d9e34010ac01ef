// Starts a command with the environment of this process, as process managers do: node start.cjs COMMAND ARGUMENT…
// `npm` runs in a folder of its own, whose script `start` runs the program that the variable PROGRAM names.
const { spawn } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

const folder = mkdtempSync(path.join(tmpdir(), 'mqtrace-start-'));
const scripts = { start: 'node "$PROGRAM"' };
writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, scripts }));

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: 'inherit', cwd: command === 'npm' ? folder : process.cwd() });
child.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = code ?? 1;
});
