// The scenarios of the loss benchmark.
import type { GrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import type { HttpReceiver } from '../../test-support/otlp-receiver.ts';

type Drive = (receiver: HttpReceiver | GrpcReceiver, started: Promise<void>) => Promise<void>;

/** One row of the table. */
export interface Scenario {
  readonly name: string;
  readonly grpc?: boolean;
  /** The work of the program after the set-up of its pipeline. */
  readonly body: string;
  /** The behaviour of the receiver meanwhile; `started` settles when the program reports its start. */
  readonly drive?: Drive;
  /** The queue size of the stock pipeline, if its default would make the comparison pointless. */
  readonly stockQueue?: number;
  /** Kills the program this many milliseconds after its start. */
  readonly killAfterMs?: number;
  /** Compares spans per second that arrive while the program runs. */
  readonly rate?: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
const started = 'say({ started: true });';

/** The receiver behaves like this for a while, then normally. */
function behaveFor(ms: number, behaviour: HttpReceiver['behaviour']): Drive {
  return async (receiver, begun) => {
    (receiver as HttpReceiver).behaviour = behaviour;
    await begun;
    await sleep(ms);
    receiver.behaviour = {};
  };
}

/** Each response takes this long. */
function answerAfter(delayMs: number): Drive {
  return (receiver) => {
    receiver.behaviour = { delayMs };
    return Promise.resolve();
  };
}

/** The receiver is down for a period. */
function away(fromMs: number, toMs: number): Drive {
  return async (receiver, begun) => {
    if (fromMs === 0) await receiver.stop();
    await begun;
    await sleep(fromMs);
    await receiver.stop();
    await sleep(toMs - fromMs);
    await receiver.start();
  };
}

const briefly = `${started} await load(500, 4); await shutdown();`;

export const scenarios: readonly Scenario[] = [
  {
    name: 'outage of 30 s at 2000 spans/s',
    body: `${started} await load(2000, 36); await shutdown();`,
    drive: away(3000, 33_000),
  },
  {
    name: 'gRPC port closed for 5 s',
    grpc: true,
    body: `${started} await load(500, 8); await shutdown();`,
    drive: away(0, 5000),
  },
  {
    name: 'HTTP 503 with Retry-After for 3 s',
    body: briefly,
    drive: behaveFor(3000, { status: 503, retryAfter: '2' }),
  },
  { name: 'HTTP 429 for 3 s', body: briefly, drive: behaveFor(3000, { status: 429, retryAfter: '1' }) },
  {
    name: 'every second connection cut',
    body: briefly,
    drive: behaveFor(4000, (n) => (n % 2 === 0 ? {} : { cut: 'before' })),
  },
  {
    name: 'no answer for 12 s',
    body: `${started} await load(500, 14); await shutdown();`,
    drive: behaveFor(12_000, { hang: true }),
  },
  {
    name: '100 ms latency at 10,000 spans/s',
    rate: 10,
    body: `${started} await load(10000, 10); say({ loaded: true }); await shutdown();`,
    drive: answerAfter(100),
  },
  {
    // More than either pipeline can deliver, to show their maximum.
    name: '100 ms latency at 60,000 spans/s',
    rate: 5,
    body: `${started} await load(60000, 5); say({ loaded: true }); await shutdown();`,
    drive: answerAfter(100),
  },
  {
    name: 'shutdown with 40,000 queued',
    stockQueue: 100_000,
    body: `${started} burst(40000); await shutdown();`,
    drive: answerAfter(20),
  },
  {
    name: 'flush during an export, then exit',
    body: `${started} burst(512); await sleep(100); await flush(); process.exit(0);`,
    drive: answerAfter(500),
  },
  { name: 'end by return', body: `${started} burst(1000);` },
  { name: 'end by exit()', body: `${started} burst(1000); process.exit(0);` },
  { name: 'end by an uncaught error', body: `${started} burst(1000); throw new Error('expected here');` },
  {
    name: 'end by SIGTERM',
    body: `${started} burst(1000); say({ created }); process.kill(process.pid, 'SIGTERM'); await sleep(5000);`,
  },
  {
    name: 'end by SIGTERM during an outage',
    body: `${started} burst(1000); say({ created }); process.kill(process.pid, 'SIGTERM'); await sleep(5000);`,
    drive: away(0, 2000),
  },
  {
    name: 'kill -9 during an outage',
    body: `${started} await load(2000, 30);`,
    drive: away(0, 5000),
    killAfterMs: 4000,
  },
];
