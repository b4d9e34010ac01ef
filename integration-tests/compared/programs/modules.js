// The questions about how a client is loaded: by import, and in a bundle. Each runs in a process of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { clients } from '../clients/index.js';

const here = dirname(fileURLToPath(import.meta.url));

async function isTraced(args) {
  const env = { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1', COMPARED_RECEIVERS: join(here, '../receivers') };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  return stdout.includes('same trace');
}

/** Runs `fn` with a new file that imports the client statically, in a folder of its own below this one. */
async function withProgram(name, fn) {
  // In this folder, so that the packages are found.
  const folder = await mkdtemp(join(here, 'program-'));
  const program = join(folder, 'program.mjs');
  const text = `import { roundTrip } from '../round-trip.js';\n${clients[name].imports}\nawait roundTrip(modules);\n`;
  await writeFile(program, text);
  try {
    return await fn(program, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Bundles the set-up of a tracer and the program into one file. */
async function bundle(setUp, program, folder) {
  const outfile = join(folder, 'bundle.mjs');
  await build({
    stdin: { contents: `import ${JSON.stringify(setUp)}; import ${JSON.stringify(program)};`, resolveDir: here },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    // This package declares that its modules have no side effects; these programs are of the same package, and have some.
    ignoreAnnotations: true,
    logLevel: 'silent',
  });
  return outfile;
}

/** The questions of clients that the tracer traces at all. */
export function moduleQuestions(name, tracerName, addresses) {
  const setUp = join(here, `../set-up/${tracerName}.js`);
  const args = [name, addresses.kafkaBroker, addresses.amqpUrl, addresses.redisUrl];
  return {
    'Works in an ES module that imports the client, without a loader hook': () =>
      withProgram(name, (program) => isTraced(['--import', setUp, program, ...args])),

    'Works in a bundle made by esbuild, without a plugin': () =>
      withProgram(name, async (program, folder) => isTraced([await bundle(setUp, program, folder), ...args])),
  };
}
