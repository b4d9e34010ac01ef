import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeDirectory, removeDirectory } from './leftovers.ts';
import { runProcess } from './native-process.ts';
import { pathOf } from './programs.ts';

/** The version of Kafka that runs natively and as a container. */
export const kafkaVersion = '4.1.2';

const pom = (artifact: string): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>mqtrace</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>${artifact}</artifactId><version>${kafkaVersion}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'mqtrace');
}

function jarDirectory(what = 'kafka'): string {
  return join(cacheDirectory(), `${what}-${kafkaVersion}`);
}

/** Whether the jars are in the cache. */
export function haveKafkaJars(): boolean {
  return existsSync(jarDirectory());
}

/** Kafka's jars in a cache folder; fetched by Maven the first time. Resolves with Java's class path. */
export async function kafkaClassPath(log: (line: string) => void): Promise<string> {
  if (!haveKafkaJars()) {
    log(`fetching Kafka ${kafkaVersion} with Maven (43 MB, once, into ${jarDirectory()})`);
    await fetchJars('kafka_2.13', jarDirectory());
  }
  return join(jarDirectory(), '*');
}

/** The jars of Kafka's command-line tools, likewise. */
export async function kafkaToolsClassPath(log: (line: string) => void): Promise<string> {
  const directory = jarDirectory('kafka-tools');
  if (!existsSync(directory)) {
    log(`fetching Kafka's tools ${kafkaVersion} with Maven (once, into ${directory})`);
    await fetchJars('kafka-tools', directory);
  }
  return join(directory, '*');
}

async function fetchJars(artifact: string, to: string): Promise<void> {
  await mkdir(cacheDirectory(), { recursive: true });
  // Written to a temporary name and renamed when complete: a file with the final name is always complete.
  const directory = await makeDirectory('fetching', cacheDirectory());
  try {
    await writeFile(join(directory, 'pom.xml'), pom(artifact));
    const jars = join(directory, 'jars');
    // A separate Maven repository: two concurrent Mavens can corrupt the user's.
    const options = ['-q', '-B', `-Dmaven.repo.local=${join(directory, 'repository')}`, `-DoutputDirectory=${jars}`];
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime'];
    await runProcess('maven', [pathOf('mvn'), ...options, ...goal], { directory });
    await rename(jars, to).catch((error: unknown) => {
      if (!existsSync(to)) throw error;
    });
  } finally {
    await removeDirectory(directory);
  }
}
