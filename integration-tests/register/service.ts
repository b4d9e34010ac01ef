// Runs programs with mqtrace/register, in processes of their own, and collects their spans.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { uniqueName } from '../../test-support/inputs.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';

export const programs: string = fileURLToPath(new URL('programs', import.meta.url));
export const application: string = fileURLToPath(new URL('../lanes/programs/register', import.meta.url));
/** By its path, for programs that run in other folders. */
export const register: string = fileURLToPath(new URL('../../dist/esm/register.mjs', import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly spans: readonly ReceivedSpan[];
  /** The names of the metrics that it exports. */
  readonly metrics: readonly string[];
}

/** Runs `node ARGS`; the spans that it exports are in the outcome. */
export async function run(
  args: readonly string[],
  { cwd = programs, env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const topic = uniqueName('register');
  await createTopics(inject('kafkaBrokers'), [topic]);
  const receiver = await startOtlpReceiver();
  try {
    const all = {
      ...process.env,
      KAFKA_BROKERS: inject('kafkaBrokers').join(),
      AMQP_URL: inject('amqpUrl'),
      REDIS_URL: inject('redisUrl'),
      TOPIC: topic,
      QUEUE: topic,
      STREAM: topic,
      KAFKAJS_NO_PARTITIONER_WARNING: '1',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      ...env,
    };
    const { code, out, err } = await new Promise<Omit<Outcome, 'spans' | 'metrics'>>((resolve) => {
      execFile(process.execPath, args, { cwd, env: all, timeout: 60_000 }, (error, stdout, stderr) =>
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
          out: stdout,
          err: stderr,
        }),
      );
    });
    const metrics = [...new Set(receiver.metrics.flat().map(({ name }) => name))];
    return { code, out, err, spans: [...receiver.spans], metrics };
  } finally {
    await receiver.close();
  }
}

/** The application of the lanes, loaded by `require` or by `import`. */
export const appCjs: string = join(application, 'app.cjs');
export const appMjs: string = join(application, 'app.mjs');
