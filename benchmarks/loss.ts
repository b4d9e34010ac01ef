// Counts lost spans of the stock pipeline and of mqtrace with a spool, in the same run, with the receiver in a separate
// process. All scenarios: npm run bench:loss. Scenarios whose name contains a word: npm run bench:loss -- outage
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledSources, ended } from '../src/export/testing/child.ts';
import { GrpcReceiver } from '../test-support/otlp-grpc-receiver.ts';
import { HttpReceiver } from '../test-support/otlp-receiver.ts';
import { type Pipeline, programFor, restartProgram } from './support/loss-programs.ts';
import { type Scenario, scenarios } from './support/loss-scenarios.ts';
import { spanIds } from './support/span-ids.ts';

interface Outcome {
  created: number;
  received: number;
  twice: number;
  /** Spans that arrived during the load, per second. */
  rate: number | undefined;
  balanced: boolean | undefined;
}

interface Line {
  readonly created?: number;
  readonly started?: boolean;
  readonly loaded?: boolean;
  readonly balanced?: boolean;
}

async function run(sources: CompiledSources, scenario: Scenario, pipeline: Pipeline): Promise<Outcome> {
  const grpc = scenario.grpc === true;
  const receiver = await (grpc ? new GrpcReceiver() : new HttpReceiver()).start();
  receiver.received.readIds = spanIds;
  const directory = mkdtempSync(join(tmpdir(), 'mqtrace-loss-'));
  const outcome: Outcome = { created: 0, received: 0, twice: 0, rate: undefined, balanced: undefined };
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  try {
    const driven = scenario.drive?.(receiver, begun);
    if (scenario.drive !== undefined) await new Promise((resolve) => void setTimeout(resolve, 100));
    const child = sources.start(programFor(pipeline, receiver.url, grpc, directory, scenario), '');
    await ended(child, (text) => {
      const line = JSON.parse(text) as Line;
      if (line.created !== undefined) outcome.created = line.created;
      if (line.balanced !== undefined) outcome.balanced = line.balanced;
      if (line.loaded === true && scenario.rate !== undefined)
        outcome.rate = receiver.received.spans.size / scenario.rate;
      if (line.started !== true) return;
      begin();
      if (scenario.killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), scenario.killAfterMs);
    });
    await driven;
    receiver.behaviour = {};
    if (pipeline === 'mqtrace') await ended(sources.start(restartProgram(receiver.url, grpc, directory), ''));
    outcome.received = receiver.received.spans.size;
    outcome.twice = [...receiver.received.spans.values()].filter((count) => count > 1).length;
    return outcome;
  } finally {
    await receiver.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

const number = (value: number): string => Math.round(value).toLocaleString('en');

function row(scenario: Scenario, stock: Outcome, mqtrace: Outcome): string {
  const lost = ({ created, received }: Outcome): string =>
    `${number(Math.max(0, created - received))} of ${number(created)}`;
  const rate =
    stock.rate === undefined || mqtrace.rate === undefined
      ? ''
      : `${number(stock.rate)}/s and ${number(mqtrace.rate)}/s arrive meanwhile`;
  const twice = mqtrace.twice > 0 ? `${number(mqtrace.twice)} delivered twice` : '';
  const balance =
    mqtrace.balanced === undefined ? '' : mqtrace.balanced ? 'counters balance' : 'COUNTERS DO NOT BALANCE';
  const remarks = [rate, twice, balance].filter(Boolean).join('; ');
  return `| ${scenario.name} | ${lost(stock)} | ${lost(mqtrace)} | ${remarks} |`;
}

const [, , word = ''] = process.argv;
const sources = await CompiledSources.compile();
try {
  console.log('| scenario | lost, stock | lost, mqtrace | remarks |\n| --- | --- | --- | --- |');
  for (const scenario of scenarios.filter(({ name }) => name.includes(word))) {
    // One after the other if speed is compared; else at the same time.
    const stock = run(sources, scenario, 'stock');
    if (scenario.rate !== undefined) await stock;
    const [a, b] = await Promise.all([stock, run(sources, scenario, 'mqtrace')]);
    console.log(row(scenario, a, b));
  }
} finally {
  sources.remove();
}
