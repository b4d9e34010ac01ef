// The Collectors, Jaeger and Prometheus of the profile `scale` in docker-compose.yml.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Log, Running } from '../brokers/broker.ts';
import { until } from '../brokers/wait.ts';

/** Where docker-compose.yml publishes the services of the profile. */
export interface Stack {
  /** The Collector beside a service, which sends everything to Jaeger. */
  readonly agent: string;
  readonly gateways: readonly [string, string];
  readonly jaeger: string;
  readonly prometheus: string;
}

const published: Stack = {
  agent: 'http://127.0.0.1:34318',
  gateways: ['http://127.0.0.1:14318', 'http://127.0.0.1:24318'],
  jaeger: 'http://127.0.0.1:16686',
  prometheus: 'http://127.0.0.1:9090',
};

const services = ['agent', 'gateway-1', 'gateway-2', 'sampler-1', 'sampler-2', 'jaeger', 'prometheus'] as const;

/** A service of the profile that a test stops and starts. */
export type ScaleService = (typeof services)[number];

const repository = new URL('../..', import.meta.url).pathname;

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, { cwd: repository });
  return stdout;
}

const compose = (...args: readonly string[]): Promise<string> => docker('compose', '--profile', 'scale', ...args);

/** Ends a service at once, without a chance to send what it has. */
export async function kill(service: ScaleService): Promise<void> {
  await compose('kill', service);
}

/** Asks a service to end (SIGTERM), and waits until it has. */
export async function stop(service: ScaleService): Promise<void> {
  await compose('stop', service);
}

/** Starts a service again, with the same volume. */
export async function start(service: ScaleService): Promise<void> {
  await compose('start', service);
}

async function probe({ agent, gateways, jaeger, prometheus }: Stack): Promise<void> {
  const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  for (const collector of [agent, ...gateways]) await answers(`${collector}/v1/traces`, request);
  await answers(`${jaeger}/api/services`);
  await answers(`${prometheus}/-/ready`);
}

async function answers(url: string, request: RequestInit = {}): Promise<void> {
  const response = await fetch(url, request);
  if (!response.ok) throw new Error(`${url} answers HTTP ${response.status}`);
}

/**
 * Gives the services of the profile: what is running already stays as it is, what was started here is removed at the end.
 *
 * @returns undefined if there is no Docker Compose or no Docker daemon, after one line that says so.
 */
export async function startStack(log: Log): Promise<Running<Stack> | undefined> {
  let before: string[];
  try {
    before = (await compose('ps', '--services')).split('\n');
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-1);
    log(`skipped, because there is no Docker with Compose, which runs the Collectors: ${why}`);
    return undefined;
  }
  const ours = services.filter((service) => !before.includes(service));
  log(ours.length > 0 ? `starting ${ours.join(', ')} with docker compose` : 'using what docker compose has started');
  const end = async (): Promise<void> => {
    if (ours.length === 0) return;
    await compose('rm', '--stop', '--force', '--volumes', ...ours);
    // Compose keeps volumes that have a name.
    await docker('volume', 'rm', '--force', ...ours.map((service) => `mqtrace_${service}`));
  };
  try {
    if (ours.length > 0) await compose('up', '--detach', ...ours);
    await until('the profile scale', () => probe(published), { probeMs: 3000 });
    return { at: published, stop: end };
  } catch (error) {
    await end();
    throw error;
  }
}
