// The questions about how a client is loaded: by import, and in a bundle. Each runs in a process of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const program = join(here, 'static-import.js');

async function isTraced(args) {
  const env = { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 30_000 });
  return stdout.includes('same trace');
}

/** Bundles the set-up of a tracer and the program into one file, which gets the name of the folder to remove later. */
async function bundle(setUp) {
  // In this folder, so that what is not bundled is found.
  const folder = await mkdtemp(join(here, 'bundle-'));
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
  return { folder, outfile };
}

/** The questions of clients that the tracer traces at all. */
export function moduleQuestions(client, tracerName, addresses) {
  const setUp = join(here, `../set-up/${tracerName}.js`);
  const args = [client.name, addresses.kafkaBroker, addresses.amqpUrl, addresses.redisUrl];
  return {
    'Works in an ES module that imports the client, without a loader hook': () =>
      isTraced(['--import', setUp, program, ...args]),

    async 'Works in a bundle made by esbuild, without a plugin'() {
      const { folder, outfile } = await bundle(setUp);
      try {
        return await isTraced([outfile, ...args]);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}
