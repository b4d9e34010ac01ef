import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log, Running } from '../brokers/broker.ts';
import { until } from '../brokers/wait.ts';

/** Provides an OpenTelemetry Collector and the Jaeger to which it exports. */
export interface Backends {
  readonly collectorHttp: string;
  readonly collectorGrpc: string;
  readonly jaeger: string;
  /** The metrics of the Collector's two service graphs: with the names of brokers, and with its defaults. */
  readonly namedGraph: string;
  readonly defaultGraph: string;
}

const variables: { readonly [Name in keyof Backends]: string } = {
  collectorHttp: 'COLLECTOR_HTTP_URL',
  collectorGrpc: 'COLLECTOR_GRPC_URL',
  jaeger: 'JAEGER_URL',
  namedGraph: 'NAMED_GRAPH_URL',
  defaultGraph: 'DEFAULT_GRAPH_URL',
};

/** The ports of docker-compose.yml. */
const published: Backends = {
  collectorHttp: 'http://127.0.0.1:4318',
  collectorGrpc: 'http://127.0.0.1:4317',
  jaeger: 'http://127.0.0.1:16686',
  namedGraph: 'http://127.0.0.1:8889/metrics',
  defaultGraph: 'http://127.0.0.1:8890/metrics',
};

const services = ['otel-collector', 'jaeger'];
const repository = new URL('../..', import.meta.url).pathname;

async function compose(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', ['compose', ...args], { cwd: repository });
  return stdout;
}

function fromEnvironment(): Backends | undefined {
  const names = Object.entries(variables) as [keyof Backends, string][];
  const given = names.filter(([, variable]) => (process.env[variable] ?? '') !== '');
  if (given.length === 0) return undefined;
  if (given.length < names.length) throw new Error(`set all of ${Object.values(variables).join(', ')}, or none`);
  return Object.fromEntries(given.map(([name, variable]) => [name, process.env[variable]!.replace(/\/$/, '')])) as {
    [Name in keyof Backends]: string;
  };
}

/** The Collector is ready when it accepts an empty export request, Jaeger when it lists its services. */
async function probe({ collectorHttp, jaeger }: Backends): Promise<void> {
  const taken = await fetch(`${collectorHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  if (!taken.ok) throw new Error(`the Collector answers HTTP ${taken.status}`);
  const shown = await fetch(`${jaeger}/api/services`);
  if (!shown.ok) throw new Error(`Jaeger answers HTTP ${shown.status}`);
}

/**
 * Returns a Collector and Jaeger: those of `COLLECTOR_HTTP_URL`, `COLLECTOR_GRPC_URL`, `JAEGER_URL`, `NAMED_GRAPH_URL`
 * and `DEFAULT_GRAPH_URL` if all are set, else the services of docker-compose.yml. Running services are left as they are; services started here are removed at the
 * end.
 */
export async function startBackends(log: Log): Promise<Running<Backends>> {
  const given = fromEnvironment();
  if (given !== undefined) {
    await until('the back ends given', () => probe(given), { timeoutMs: 20_000 });
    return { at: given, stop: async () => {} };
  }
  const before = (
    await compose('ps', '--services').catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`no back ends: start Docker, or set ${Object.values(variables).join(', ')}: ${why}`);
    })
  ).split('\n');
  const ours = services.filter((service) => !before.includes(service));
  log(ours.length > 0 ? `starting ${ours.join(' and ')} with docker compose` : 'using what docker compose has started');
  const stop = async (): Promise<void> => {
    if (before.every((service) => service === '')) await compose('down', '--volumes');
    else if (ours.length > 0) await compose('rm', '--stop', '--force', '--volumes', ...ours);
  };
  try {
    if (ours.length > 0) await compose('up', '--detach', ...ours);
    await until('the back ends', () => probe(published), { probeMs: 3000 });
    return { at: published, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
