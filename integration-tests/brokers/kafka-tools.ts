// Runs Kafka's command-line tools.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { kafkaToolsClassPath } from './kafka-jars.ts';
import { pathOf, provide } from './programs.ts';

const run = promisify(execFile);
const tool = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand';

/** The lag of a group over all partitions, from `kafka-consumer-groups --describe`. */
export async function describeGroup(brokers: readonly string[], group: string): Promise<number> {
  const log = (line: string): void => console.log(`[kafka-tools] ${line}`);
  await provide(['java', 'mvn'], log);
  const classPath = await kafkaToolsClassPath(log);
  const java = ['-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-cp', classPath];
  const asked = ['--bootstrap-server', brokers.join(','), '--describe', '--group', group, '--timeout', '20000'];
  const { stdout } = await run(pathOf('java'), [...java, tool, ...asked], { timeout: 50_000 });
  const lines = stdout.split('\n').map((line) => line.trim().split(/\s+/));
  const at = lines.find(([first]) => first === 'GROUP')?.indexOf('LAG') ?? -1;
  const lags = lines.filter(([first]) => first === group).map((columns) => Number(columns[at]));
  if (lags.length === 0 || lags.some((lag) => !Number.isInteger(lag))) {
    throw new Error(`the tool reports no lag of ${group}:\n${stdout}`);
  }
  return lags.reduce((sum, lag) => sum + lag, 0);
}
