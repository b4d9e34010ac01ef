// Runs the lanes, and writes results.json and the README's table: npm run test:lanes [-- part of a row or version …]
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startBrokers } from '../brokers/index.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { type Lane, runLane } from './lane.ts';
import { lanes } from './lanes.ts';
import { testLightSpans } from './sdk-3/light-spans.ts';
import { type Results, withTable } from './table.ts';
import { cache, packTarball, root } from './tarball.ts';

const resultsFile = join(root, 'integration-tests/lanes/results.json');
const filters = process.argv.slice(2).map((filter) => filter.toLowerCase());
const chosen = lanes.filter(
  ({ row, version }) =>
    filters.length === 0 || filters.some((filter) => `${row} ${version}`.toLowerCase().includes(filter)),
);

const brokers = await startBrokers({ log: (line) => console.error(`brokers: ${line}`) });
const tarball = packTarball(cache);
const results = JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
// Rows and versions that are no longer lanes are removed.
const renewed: Results = {};
let failures = 0;

async function run(lane: Lane): Promise<boolean> {
  const id = randomUUID();
  const names = { TOPIC: `lane-${id}`, QUEUE: `lane-${id}`, STREAM: `lane-${id}` };
  await createTopics(brokers.kafkaBrokers, [names.TOPIC]);
  const env = {
    ...process.env,
    ...names,
    KAFKA_BROKERS: brokers.kafkaBrokers.join(),
    AMQP_URL: brokers.amqpUrl,
    REDIS_URL: brokers.redisUrl,
    KAFKAJS_NO_PARTITIONER_WARNING: '1',
    NODE_OPTIONS: '',
    NO_COLOR: '1',
    FORCE_COLOR: undefined,
  };
  try {
    await runLane(lane, tarball, env);
    console.log(`ok      ${lane.row} ${lane.version}`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${lane.row} ${lane.version}: ${(error as Error).message}`);
    return false;
  }
}

/** The wrapper contract over mqtrace/register and the classes, as a whole: `npm test` runs its short form. */
function contract(): Promise<boolean> {
  const { kafkaBrokers, amqpUrl, redisUrl } = brokers;
  const env = {
    ...process.env,
    CONTRACT: 'whole',
    KAFKA_BROKERS: kafkaBrokers.join(),
    AMQP_URL: amqpUrl,
    REDIS_URL: redisUrl,
  };
  const args = ['vitest', 'run', '--project', 'integration', 'integration-tests/register/contract.test.ts'];
  return new Promise((resolve) => {
    const child = spawn('npx', args, { cwd: root, env, stdio: 'inherit' });
    child.on('close', (code) => {
      console.log(`${code === 0 ? 'ok     ' : 'FAILED '} mqtrace/register contract`);
      resolve(code === 0);
    });
  });
}

/** The property tests of light spans with the other version of the SDK: `npm test` runs their short form. */
async function lightSpans(): Promise<boolean> {
  const { ok, output } = await testLightSpans(5000);
  console.log(ok ? 'ok      light spans with SDK 3' : `FAILED  light spans with SDK 3\n${output}`);
  return ok;
}

// Two at a time, because installing waits for the network.
const waiting = [...chosen];
const outcomes = new Map<Lane, boolean>();
await Promise.all(
  [0, 1].map(async () => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) outcomes.set(lane, await run(lane));
  }),
);
const isChosen = (name: string): boolean => filters.length === 0 || filters.some((filter) => name.includes(filter));
const isContractKept = !isChosen('mqtrace/register contract') || (await contract());
const areLightSpansEqual = !isChosen('light spans with sdk 3') || (await lightSpans());
await brokers.stop();

for (const lane of lanes) {
  const ok = outcomes.get(lane) ?? results[lane.row]?.[lane.version];
  if (ok !== undefined) (renewed[lane.row] ??= {})[lane.version] = ok;
}
failures = [...outcomes.values()].filter((ok) => !ok).length;
writeFileSync(resultsFile, `${JSON.stringify(renewed, null, 2)}\n`);
const readme = join(root, 'README.md');
writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), renewed));
console.log(`${outcomes.size - failures} lanes ok, ${failures} failed`);
process.exitCode = failures > 0 || !isContractKept || !areLightSpansEqual ? 1 : 0;
