#!/usr/bin/env node
// The executable of the `mqtrace` command.
import { dirname, join } from 'node:path';
import { realpathSync } from 'node:fs';
import { terminal } from './command.ts';
import { run } from './run.ts';

// What is started is this file, by its own name or through a link in node_modules/.bin; the page lies beside it.
const here = dirname(realpathSync(process.argv[1]!));

// As with "mqtrace map | head": whoever reads has read enough.
process.stdout.on('error', () => process.exit(0));
// Not awaited: the build is CommonJS, too. "run" never rejects.
void run(process.argv.slice(2), terminal(join(here, '..', 'view', 'page'))).then((code) => {
  process.exitCode = code;
});
