// Reads messages of the given brokers, and finds problems of their headers.
import { MqtraceError } from '../../../common/errors.ts';
import { explain } from '../../../diagnostics/explain.ts';
import { type DoctorFinding, problem } from '../finding.ts';
import { judgeSamples } from './judge-samples.ts';
import type { LiveOptions, Samples } from './sample.ts';
import { type KafkaOptions, sampleKafka } from './sample-kafka.ts';
import { type RabbitmqOptions, sampleRabbitmq } from './sample-rabbitmq.ts';
import { type RedisOptions, sampleRedis } from './sample-redis.ts';

type Own<T> = Omit<T, keyof LiveOptions>;

/** The destinations to check. */
export interface Live {
  kafka?: Own<KafkaOptions> | undefined;
  rabbitmq?: Own<RabbitmqOptions> | undefined;
  redis?: Own<RedisOptions> | undefined;
}

/** The description of one message, without values. */
export interface LookedAt {
  destination: string;
  at: string;
  lines: string[];
}

/** Checks each destination; one that cannot be read is a finding, and the others are still checked. */
export async function checkLive(
  live: Live,
  options: LiveOptions,
): Promise<{ findings: DoctorFinding[]; looked: LookedAt[] }> {
  const reads: [where: string, read: () => Promise<Samples>][] = [];
  const { kafka, rabbitmq, redis } = live;
  if (kafka !== undefined) reads.push([`${kafka.topic} (kafka)`, () => sampleKafka({ ...options, ...kafka })]);
  if (rabbitmq !== undefined)
    reads.push([`${rabbitmq.queue} (rabbitmq)`, () => sampleRabbitmq({ ...options, ...rabbitmq })]);
  if (redis !== undefined) reads.push([`${redis.stream} (redis)`, () => sampleRedis({ ...options, ...redis })]);
  const findings: DoctorFinding[] = [];
  const looked: LookedAt[] = [];
  for (const [where, read] of reads) {
    try {
      const samples = await read();
      // Interrupted during the cleanup in the broker.
      if (options.signal.aborted) throw new Error('interrupted');
      findings.push(...judgeSamples(samples));
      for (const { at, message } of samples.samples)
        looked.push({ destination: samples.destination, at, lines: explain(message).lines });
    } catch (error) {
      if (options.signal.aborted) throw error;
      if (!(error instanceof MqtraceError)) throw error;
      const [what, ...rest] = error.message.replace(/^\[\w+\] /, '').split(/(?<=\.) /);
      const check = error.code === 'MISSING_DEPENDENCY' ? 'client-missing' : 'not-looked-at';
      findings.push(
        problem(check, `${where}: ${what}`, rest.join(' ') || 'Check the address, the name and the permissions.'),
      );
    }
  }
  return { findings, looked };
}
