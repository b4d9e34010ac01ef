// Every example of the README and of docs/ really runs. A block marked `js` is a program: it is run, as it stands, on this Node,
// against the built package, and has to end by itself. A block marked `ts` has to compile. The addresses that an example names,
// those of a local set-up, are replaced by where this run's brokers are.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTopics } from '../support/kafka-topics.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
// Within the project, so that `mqtrace/…` is the project's own package and the clients are found.
const folder = join(root, '.cache', 'snippets');

interface Snippet {
  name: string;
  language: string;
  code: string;
}

function snippets(file: string): Snippet[] {
  const text = readFileSync(file, 'utf8');
  const found: Snippet[] = [];
  for (const match of text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms)) {
    const line = text.slice(0, match.index).split('\n').length;
    found.push({ name: `${relative(root, file)}:${line}`, language: match[1] ?? '', code: match[2] ?? '' });
  }
  return found;
}

const files = ['README.md', 'CONTRIBUTING.md', ...readdirDocs()].map((file) => join(root, file));
const all = files.filter((file) => existsSync(file)).flatMap(snippets);
const programs = all.filter(({ language }) => language === 'js');
const typed = all.filter(({ language }) => language === 'ts');

function readdirDocs(): string[] {
  return readdirSync(join(root, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`);
}

let receiver: OtlpReceiver;

beforeAll(async () => {
  if (!existsSync(join(root, 'dist')))
    throw new Error('there is no dist: run "npm run build" first, as "npm test" does');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  receiver = await startOtlpReceiver();
  await createTopics(inject('kafkaBrokers'), ['orders', 'invoices', 'payments']);
});

afterAll(async () => {
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An example as it would be in a set-up whose brokers are where this run has them. */
function placed(code: string): string {
  return code
    .replaceAll("['localhost:9092']", JSON.stringify(inject('kafkaBrokers')))
    .replaceAll("'amqp://localhost'", JSON.stringify(inject('amqpUrl')))
    .replaceAll('new Redis()', `new Redis(${JSON.stringify(inject('redisUrl'))})`)
    .replaceAll('http://localhost:4318', receiver.url);
}

describe('examples', () => {
  test('there are some', () => {
    expect(programs.length).toBeGreaterThan(4);
    expect(all.filter(({ language }) => language === '')).toEqual([]);
  });

  test.each(programs)('$name runs', async ({ name, code }) => {
    const file = join(folder, `${basename(name).replace(/\W/g, '-')}.mjs`);
    writeFileSync(file, placed(code));
    // The time limit is for one that does not end by itself; its output is then in the failure.
    const { stderr } = await run(process.execPath, [file], {
      cwd: root,
      timeout: 30_000,
      env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    });
    expect(stderr).not.toMatch(/Error|Warning: /);
  });

  test('those in TypeScript compile', async () => {
    for (const { name, code } of typed) writeFileSync(join(folder, `${basename(name).replace(/\W/g, '-')}.ts`), code);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../tsconfig.json',
        compilerOptions: { noUnusedLocals: false, isolatedDeclarations: false, declaration: false, rootDir: '../..' },
        include: ['*.ts'],
        exclude: [],
      }),
    );
    if (typed.length === 0) return;
    // The compiler says what is wrong on its standard output.
    const compiled = await run('npx', ['tsc', '-p', folder], { cwd: root }).catch((error: { stdout: string }) => error);
    expect(compiled.stdout).toBe('');
  });
});
