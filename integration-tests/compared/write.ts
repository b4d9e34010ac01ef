// Asks the tracers, and writes the answers and docs/compared.md: npm run docs:compared [-- TRACER …] [--question TEXT]
// With a text, only the questions that contain it are asked, and the other answers stay.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { startBrokers } from '../brokers/index.ts';
import { nodeOf } from '../lanes/node-of.ts';
import { type Addresses, ask, type Asked, type Compared, readResults, writeResults } from './results.ts';
import { withTables } from './table.ts';
import { ownPackages, type TracerName, tracerNames, tracers } from './tracers.ts';

const root = join(import.meta.dirname, '../..');
const log = (line: string): void => void process.stderr.write(`${line}\n`);

async function ownVersions(tracer: keyof typeof ownPackages): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of ownPackages[tracer]) {
    const text = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8');
    found[name] = (JSON.parse(text) as { version: string }).version;
  }
  return found;
}

/** Installs the packages of a tracer into a new folder. They are large, and may have scripts: these do not run. */
async function install(packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mqtrace-compared-'));
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`);
  log(`installing ${names.join(', ')}`);
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline', ...names];
  await promisify(execFile)('npm', args, { cwd: folder });
  return folder;
}

async function askOne(name: TracerName, addresses: Addresses, question: string): Promise<Asked> {
  const { packages, node: version } = tracers[name];
  const node = await nodeOf(version);
  const modules = packages && (await install(packages));
  try {
    log(`asking ${name}`);
    const answers = await ask(name, addresses, { node, question, ...(modules !== undefined && { modules }) });
    return {
      node: version ?? process.versions.node,
      versions: packages ?? (await ownVersions(name as keyof typeof ownPackages)),
      answers,
    };
  } finally {
    if (modules !== undefined) await rm(modules, { recursive: true, force: true });
  }
}

/** The answers, with those of before to other questions. */
function withOthers({ answers }: Asked, before: Asked, question: string): Asked['answers'] {
  const entries = Object.entries(before.answers).map(([client, each]) => {
    const others = Object.entries(each).filter(([name]) => !name.includes(question));
    return [client, { ...Object.fromEntries(others), ...answers[client] }];
  });
  return Object.fromEntries(entries) as Asked['answers'];
}

const { values, positionals } = parseArgs({
  options: { question: { type: 'string', default: '' } },
  allowPositionals: true,
});
const { question } = values;
const chosen = positionals.length > 0 ? tracerNames.filter((name) => positionals.includes(name)) : tracerNames;
if (chosen.length === 0) throw new Error(`No such tracer. Expected one of ${tracerNames.join(', ')}.`);
const brokers = await startBrokers({ log });
try {
  const addresses = { kafkaBroker: brokers.kafkaBrokers[0]!, amqpUrl: brokers.amqpUrl, redisUrl: brokers.redisUrl };
  const asked: Partial<Record<TracerName, Asked>> = {};
  const before = readResults();
  for (const name of chosen) {
    const answered = await askOne(name, addresses, question);
    asked[name] =
      question === '' ? answered : { ...before[name], answers: withOthers(answered, before[name], question) };
  }
  // In the order of the page; a tracer that is no longer compared is removed.
  const results = Object.fromEntries(tracerNames.map((name) => [name, asked[name] ?? before[name]])) as Compared;
  writeResults(results);
  const page = join(root, 'docs/compared.md');
  await writeFile(page, withTables(await readFile(page, 'utf8'), results));
} finally {
  await brokers.stop();
}
