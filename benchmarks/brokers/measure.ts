// Measures clients on real brokers, with one process for each variant, in turns.
import { startBrokers } from '../../integration-tests/brokers/index.ts';
import { quantile, round, summarise, type Summary } from '../report/statistics.ts';
import { startSink, Worker } from '../runner/worker.ts';

export const brokerVariants: readonly string[] = [
  'raw',
  'context',
  'context+each',
  'auto-0',
  'mqtrace-0',
  'own-0',
  'mqtrace-10',
  'own-10',
  'auto-100',
  'mqtrace-100',
  'own-100',
  'own+processor-100',
];

/** Rounds before measuring. After the first one, compiling and the growth of the heap still take several times the cost of a message. */
const warmUpRounds = 4;

/** The cost of one operation with one variant, in microseconds per message. */
export interface BrokerFigure {
  readonly clock: Summary;
  readonly cpu: Summary;
}

/**
 * One client. A message is produced, then handled and forwarded, then consumed. For ioredis, what was forwarded is a backlog as well,
 * which `consumeStream` works off, or an equal loop of the application.
 */
export interface BrokerResult {
  readonly name: string;
  readonly operations: Readonly<Record<'produce' | 'hop' | 'consume', Readonly<Record<string, BrokerFigure>>>> & {
    readonly backlog?: Readonly<Record<string, BrokerFigure>>;
  };
  /** Milliseconds from a send until its message is handled (Kafka: until it is acknowledged), one message at a time. */
  readonly latency: Readonly<Record<string, { readonly p50: number; readonly p99: number }>>;
  /** The maximum resident memory of the process, in bytes. */
  readonly peak: Readonly<Record<string, number>>;
}

export interface BrokerOptions {
  readonly clients: readonly string[];
  readonly variants: readonly string[];
  readonly rounds: number;
  /** The number of messages whose latency is measured in each round. */
  readonly pings: number;
  readonly node: string;
  readonly log: (line: string) => void;
  /** Receives the result of each client as soon as it is available. */
  readonly save?: (results: readonly BrokerResult[]) => void;
}

export async function measureBrokers(options: BrokerOptions): Promise<BrokerResult[]> {
  const brokers = await startBrokers({ log: options.log });
  const sink = await startSink();
  const addresses: Record<string, string> = {
    kafkajs: brokers.kafkaBrokers[0]!,
    amqplib: brokers.amqpUrl,
    ioredis: brokers.redisUrl,
  };
  try {
    const results: BrokerResult[] = [];
    for (const client of options.clients) {
      const measured = await measureClient(client, addresses[client]!, sink.url, options);
      options.save?.([measured]);
      results.push(measured);
    }
    return results;
  } finally {
    sink.stop();
    await brokers.stop();
  }
}

type Times = Record<'clock' | 'cpu', number[]>;

async function measureClient(
  client: string,
  address: string,
  sink: string,
  { variants, rounds, pings, node, log }: BrokerOptions,
): Promise<BrokerResult> {
  const started = variants.map((variant) => Worker.start('brokers/worker.js', [client, variant, sink, address], node));
  const settled = await Promise.allSettled(started);
  const workers = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  try {
    for (const one of settled) if (one.status === 'rejected') throw one.reason;
    const operations = await workers[0]!.call<string[]>('operations');
    const times = variants.map(() => operations.map((): Times => ({ clock: [], cpu: [] })));
    const latencies: number[][] = variants.map(() => []);
    for (let at = -warmUpRounds; at < rounds; at++) {
      log(at < 0 ? `${client}, warm-up` : `${client}, round ${at + 1} of ${rounds}`);
      for (let turn = 0; turn < workers.length; turn++) {
        const index = (turn + at + warmUpRounds) % workers.length;
        const worker = workers[index]!;
        const count = await worker.call<number>('messages');
        for (const [position, operation] of operations.entries()) {
          const { clock, cpu } = await worker.call<Record<keyof Times, number>>(operation, count);
          if (at < 0) continue;
          times[index]![position]!.clock.push(clock);
          times[index]![position]!.cpu.push(cpu);
        }
        const took = await worker.call<number[]>('latencies', pings);
        if (at >= 0) latencies[index]!.push(...took);
      }
    }
    const byVariant = <T>(of: (index: number) => T): Record<string, T> =>
      Object.fromEntries(variants.map((variant, index) => [variant, of(index)]));
    const figures = (position: number): Record<string, BrokerFigure> =>
      byVariant((index) => {
        const { clock, cpu } = times[index]![position]!;
        return { clock: summarise(clock), cpu: summarise(cpu) };
      });
    const peaks: number[] = [];
    for (const worker of workers) {
      peaks.push(await worker.call<number>('peak'));
      await worker.call('exported');
      await worker.call('close');
    }
    return {
      name: client,
      operations: {
        produce: figures(0),
        hop: figures(1),
        consume: figures(2),
        ...(operations.length > 3 && { backlog: figures(3) }),
      },
      latency: byVariant((index) => {
        const sorted = latencies[index]!.toSorted((a, b) => a - b);
        return { p50: round(quantile(sorted, 0.5)), p99: round(quantile(sorted, 0.99)) };
      }),
      peak: byVariant((index) => peaks[index]!),
    };
  } finally {
    for (const worker of workers) worker.stop();
  }
}
