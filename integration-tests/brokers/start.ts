import type { Broker, Log, Running } from './broker.ts';
import { type Docker, findDocker } from './docker.ts';
import { provide } from './programs.ts';
import { until } from './wait.ts';

type Way = 'containers' | 'native';

function forcedWay(): Way | undefined {
  const value = process.env['MQTRACE_BROKERS'];
  if (value === undefined || value === '') return undefined;
  if (value === 'containers' || value === 'native') return value;
  throw new Error(`MQTRACE_BROKERS is ${JSON.stringify(value)}, expected "containers" or "native"`);
}

/** A Docker daemon if containers are to be tried; rejects if they are required and not available. */
async function dockerFor(forced: Way | undefined, log: Log): Promise<Docker | undefined> {
  if (forced === 'native') return undefined;
  const docker = await findDocker(log);
  if (docker === undefined && forced === 'containers') {
    throw new Error('MQTRACE_BROKERS=containers, but no Docker daemon answers: start Docker, or unset it');
  }
  return docker;
}

/** Uses the broker of the environment, or starts one: as a container if Docker is available, else as processes. */
export async function startBroker<T>(broker: Broker<T>, log: Log): Promise<Running<T>> {
  const { name, variable } = broker;
  const given = process.env[variable];
  if (given !== undefined && given !== '') {
    const at = broker.parse(given);
    log(`waiting for ${name} at ${variable}`);
    await until(`${name} (${variable}=${given})`, () => broker.probe(at), { timeoutMs: 20_000 });
    return { at, stop: async () => {} };
  }

  const forced = forcedWay();
  const docker = await dockerFor(forced, log);
  const begin = performance.now();
  const running = await (docker === undefined
    ? startNative(broker, log)
    : startContainer(broker, { docker, forced: forced !== undefined, log }));
  log(`${name} is ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  return running;
}

async function startNative<T>(broker: Broker<T>, log: Log): Promise<Running<T>> {
  await provide(broker.programs(), log);
  log(`waiting for ${broker.name} (native)`);
  return broker.native(log);
}

async function startContainer<T>(
  broker: Broker<T>,
  { docker, forced, log }: { readonly docker: Docker; readonly forced: boolean; readonly log: Log },
): Promise<Running<T>> {
  if (await docker.hasImage(broker.image, log)) {
    log(`waiting for ${broker.name} (container ${broker.image})`);
    return broker.container(docker);
  }
  if (forced) throw new Error(`MQTRACE_BROKERS=containers, but the image ${broker.image} cannot be had`);
  log(`the image ${broker.image} cannot be had: ${broker.name} runs natively`);
  return startNative(broker, log);
}

/** Provides all programs of the native brokers among `brokers` at once, so that packages are installed in one run. */
export async function prepare(
  brokers: readonly Pick<Broker<unknown>, 'variable' | 'programs'>[],
  log: Log,
): Promise<void> {
  const starting = brokers.filter(({ variable }) => (process.env[variable] ?? '') === '');
  if (starting.length === 0 || (await dockerFor(forcedWay(), log)) !== undefined) return;
  await provide([...new Set(starting.flatMap((broker) => broker.programs()))], log);
}
