// Measures the cost of tracing: npm run bench -- --help
import { type BrokerResult, brokerVariants, measureBrokers } from './brokers/measure.ts';
import { families, metricsFamilies, optionChoice, optionFamilies, optionVariants } from './paths/cases.ts';
import { measurePaths, type PathResult } from './paths/measure.ts';
import { writeDocs } from './report/docs.ts';
import { metricsTable, optionsTable } from './report/options.ts';
import { resultsFile, type Results, writeResults } from './report/results.ts';
import { brokersTable, bytesTable, pathsTable, startupTable } from './report/tables.ts';
import { type Machine, machineOf, nodeOf } from './runner/machine.ts';
import { type BenchOptions, help, readOptions, withBase } from './runner/options.ts';
import { measureStartup } from './startup/measure.ts';

const log = (line: string): void => void process.stderr.write(`${line}\n`);

function title(of: string, { node, cores, processor, load }: Machine): void {
  console.log(`\n## ${of}: Node.js ${node}, ${cores} x ${processor}, load ${load}\n`);
}

/** The folder to which results are written, if any. */
function pathOf({ json, short }: BenchOptions, { node }: Machine): string | undefined {
  return json ?? (short ? undefined : resultsFile(node));
}

async function measure(options: BenchOptions, node: string): Promise<Results> {
  const { parts, short } = options;
  /** How both paths and options are measured. */
  const onPaths = { ...options, rounds: options.rounds ?? (short ? 10 : 40), messages: short ? 500 : 2000, node, log };
  const measured: { -readonly [P in keyof Results]: Results[P] } = {};
  if (parts.has('paths')) {
    const machine = await machineOf(node);
    const path = pathOf(options, machine);
    const save = (results: readonly PathResult[]): void => {
      if (path !== undefined) writeResults(path, { paths: { machine, results } });
    };
    const results = await measurePaths({ ...onPaths, save });
    measured.paths = { machine, results };
    title('Paths', machine);
    console.log('Microseconds of processor time per message above the raw client: minimum (median, quartiles).\n');
    console.log(`${pathsTable(results, options.variants)}\n\n${bytesTable(results, options.variants)}`);
  }
  if (parts.has('options')) {
    const machine = await machineOf(node);
    const path = pathOf(options, machine);
    const results: PathResult[] = [];
    const save = (some: readonly PathResult[]): void => {
      if (path !== undefined) writeResults(path, { options: { machine, results: some } });
    };
    const isMeasured = (name: string): boolean => optionFamilies.includes(name) || name in metricsFamilies;
    for (const family of options.families.filter(({ name }) => isMeasured(name))) {
      const variants = optionVariants(family);
      const of = { ...onPaths, families: [family], variants, choice: optionChoice };
      results.push(...(await measurePaths({ ...of, save })));
    }
    measured.options = { machine, results };
    title('Options', machine);
    console.log('Microseconds of processor time and bytes that an option adds to a message.\n');
    console.log(`${optionsTable(results)}\n\n${metricsTable(results)}`);
  }
  if (parts.has('startup')) {
    const machine = await machineOf(node);
    const results = await measureStartup(node, options.rounds ?? (short ? 3 : 20));
    measured.startup = { machine, results };
    title('Start-up', machine);
    console.log('Above a process that loads nothing: time of loading, minimum (median); processor time; memory.\n');
    console.log(startupTable(results));
  }
  if (parts.has('brokers')) {
    const machine = await machineOf(node);
    const variants = options.given === undefined ? brokerVariants : withBase(options.given, 'context');
    const rounds = options.rounds ?? (short ? 4 : 16);
    const clients = options.clients.filter((client) => client !== 'api');
    const path = pathOf(options, machine);
    const save = (results: readonly BrokerResult[]): void => {
      if (path !== undefined) writeResults(path, { brokers: { machine, results } });
    };
    const results = await measureBrokers({ clients, variants, rounds, pings: short ? 50 : 200, node, log, save });
    measured.brokers = { machine, results };
    title('Real brokers', machine);
    console.log('Messages a second (as a share of "context only"); seconds of processor time per 10,000 messages;');
    console.log('latency added to "context only", one message at a time; peak memory of the process.\n');
    console.log(brokersTable(results));
  }
  return measured;
}

const options = readOptions(process.argv.slice(2));
if (options === undefined) {
  console.log(help);
} else {
  log(`${options.families.length} of ${families.length} families`);
  for (const wanted of options.nodes) {
    const node = await nodeOf(wanted);
    const measured = await measure(options, node);
    const machine = Object.values(measured)[0]?.machine;
    const path = machine === undefined ? undefined : pathOf(options, machine);
    if (path !== undefined) {
      writeResults(path, measured);
      log(`written to ${path}`);
    }
  }
  if (options.writeDocs) writeDocs();
}
