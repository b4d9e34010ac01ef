#!/usr/bin/env node
// The executable of the `mqtrace` command.
import { dirname, join } from 'node:path';
import { realpathSync } from 'node:fs';
import { terminal } from './command.ts';
import { run } from './run.ts';

// This file is started directly or through a link in node_modules/.bin; the page is in the same directory.
const here = dirname(realpathSync(process.argv[1]!));

// The reader of the output has closed it, as in "mqtrace map | head".
process.stdout.on('error', () => process.exit(0));
// Not awaited, because the build is also CommonJS. "run" never rejects.
void run(process.argv.slice(2), terminal(join(here, '..', 'view', 'page'))).then((code) => {
  process.exitCode = code;
});
