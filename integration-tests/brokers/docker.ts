import { randomUUID } from 'node:crypto';
import type * as testcontainers from 'testcontainers';
import type { ContainerRuntimeClient, PortWithBinding, StartedTestContainer } from 'testcontainers';
import type { Log, Running } from './broker.ts';
import { forget, hold } from './leftovers.ts';
import { PortTakenError } from './native-process.ts';
import { until } from './wait.ts';

type Testcontainers = typeof testcontainers;

/** The address of a container's ports. */
export interface Address {
  readonly host: string;
  /** The published port for a port of the container. */
  readonly port: (inside: number) => number;
}

/** How a broker runs as a container. */
export interface ContainerOptions<T> {
  readonly command?: readonly string[];
  readonly environment?: Record<string, string>;
  readonly ports: readonly (number | PortWithBinding)[];
  readonly at: (address: Address) => T;
  readonly probe: (at: T) => Promise<void>;
}

/** A reachable Docker daemon. */
export interface Docker {
  /** The address of its containers' ports. */
  readonly host: string;
  /** Whether the image exists or can be pulled. */
  hasImage(name: string, log: Log): Promise<boolean>;
  /** Runs an image and waits until `probe` resolves. */
  run<T>(image: string, options: ContainerOptions<T>): Promise<Running<T>>;
}

let found: Promise<Docker | undefined> | undefined;

/** The Docker daemon, or undefined if none answers. */
export function findDocker(log: Log): Promise<Docker | undefined> {
  found ??= connect(log);
  return found;
}

async function connect(log: Log): Promise<Docker | undefined> {
  // Loading it takes most of a second, and most runs with native brokers do not need it.
  const library = await import('testcontainers');
  let client: ContainerRuntimeClient;
  try {
    client = await library.getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  await prepareReaper(library, client, log);
  const run = `${process.pid}-${randomUUID()}`;
  // "localhost" may be ::1, where a container's port is not always published.
  const host = client.info.containerRuntime.host.replace(/^localhost$/, '127.0.0.1');
  return {
    host,
    hasImage: (name, log) => hasImage(library, client, name, log),
    run: (image, options) => runContainer(library, { run, host }, image, options),
  };
}

/**
 * Testcontainers starts a container that removes what a killed process leaves; if that is not available, our janitor
 * does it.
 */
async function prepareReaper({ getReaper }: Testcontainers, client: ContainerRuntimeClient, log: Log): Promise<void> {
  if (process.env['TESTCONTAINERS_RYUK_DISABLED'] !== undefined) return;
  try {
    await getReaper(client);
  } catch {
    process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';
    log(
      "Testcontainers' Ryuk cannot be had: TESTCONTAINERS_RYUK_DISABLED is set, the containers are removed by mqtrace itself",
    );
  }
}

async function hasImage(
  { ImageName }: Testcontainers,
  client: ContainerRuntimeClient,
  name: string,
  log: Log,
): Promise<boolean> {
  const image = ImageName.fromString(name);
  if (await client.image.exists(image)) return true;
  log(`pulling the image ${name}`);
  try {
    // A pull that fails halfway reports no error: check whether the image exists.
    await client.image.pull(image);
    return await client.image.exists(image);
  } catch {
    return false;
  }
}

async function runContainer<T>(
  { GenericContainer, Wait }: Testcontainers,
  place: { readonly run: string; readonly host: string },
  image: string,
  options: ContainerOptions<T>,
): Promise<Running<T>> {
  hold('containers', place.run);
  const output: string[] = [];
  const container = new GenericContainer(image)
    .withLabels({ 'mqtrace.run': place.run })
    .withEnvironment(options.environment ?? {})
    .withExposedPorts(...options.ports)
    // The broker's own client checks readiness below.
    .withWaitStrategy(Wait.forAll([]))
    .withLogConsumer((stream) =>
      stream.on('data', (chunk: Buffer) => output.push(...chunk.toString().trimEnd().split('\n'))),
    );
  if (options.command !== undefined) container.withCommand([...options.command]);

  const started = await container.start().catch((error: Error) => {
    throw /already allocated|address already in use/i.test(error.message) ? new PortTakenError(error.message) : error;
  });
  running.add(started);
  const stop = async (): Promise<void> => {
    await started.stop({ timeout: 0, remove: true, removeVolumes: true });
    running.delete(started);
    if (running.size === 0) await forget('containers', place.run);
  };
  const at = options.at({ host: place.host, port: (inside) => started.getMappedPort(inside) });
  try {
    await until(image, () => options.probe(at));
    return { at, stop };
  } catch (error) {
    await stop();
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`${cause}\n${output.slice(-15).join('\n')}`, { cause: error });
  }
}

const running = new Set<StartedTestContainer>();
