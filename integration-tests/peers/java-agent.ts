// Runs Java programs under OpenTelemetry's Java agent.
import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess } from '../brokers/native-process.ts';
import { pathOf, provide } from '../brokers/programs.ts';
import { cached, log } from './cached-folder.ts';

const agent = { artifact: 'io.opentelemetry.javaagent:opentelemetry-javaagent', version: '2.33.1' };
const sources = join(import.meta.dirname, 'java');

/** A command and its environment. */
export interface Command {
  readonly command: [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a Maven goal that copies jars into a folder. A separate repository, because two concurrent Mavens can corrupt the user's. */
async function copyJars(directory: string, goal: readonly string[]): Promise<void> {
  const options = [`-Dmaven.repo.local=${join(directory, 'repository')}`, `-DoutputDirectory=${directory}`];
  await runProcess('maven', [pathOf('mvn'), '-q', '-B', ...options, ...goal], { directory });
}

/**
 * Starts a program of java/ from its source, traced by the agent without code.
 *
 * @param env - settings of the agent.
 */
export async function underJavaAgent(
  source: string,
  args: readonly string[],
  classPath: string,
  env: NodeJS.ProcessEnv,
): Promise<Command> {
  await provide(['java', 'javac', 'mvn'], log);
  const file = `opentelemetry-javaagent-${agent.version}.jar`;
  const folder = await cached('java', file, (directory) =>
    copyJars(directory, ['dependency:copy', `-Dartifact=${agent.artifact}:${agent.version}`, '-Dtransitive=false']),
  );
  const vm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', `-javaagent:${join(folder, file)}`];
  return {
    command: [pathOf('java'), ...vm, '-cp', classPath, join(sources, source), ...args],
    env: {
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_PROPAGATORS: 'tracecontext,baggage',
      // The agent takes a program that is run from its source for a tool of the JDK.
      OTEL_JAVAAGENT_ENABLED: 'true',
      ...env,
    },
  };
}

/** The class path of java/pom.xml: Spring's consumers and OpenTelemetry's API. */
export async function springClassPath(): Promise<string> {
  await provide(['java', 'mvn'], log);
  const pom = join(sources, 'pom.xml');
  const folder = await cached('spring', readFileSync(pom, 'utf8'), async (directory) => {
    await cp(pom, join(directory, 'pom.xml'));
    await copyJars(directory, ['dependency:copy-dependencies', '-DincludeScope=runtime']);
  });
  return join(folder, '*');
}
