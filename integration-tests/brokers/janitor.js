// Cleans up after a process that starts brokers, in whatever way that process ends: it is told on standard input what there is to
// end or remove, and does so once that closes. A signal handler could not: nothing runs after `kill -9` or `process.exit()`.
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const held = { group: new Set(), directory: new Set(), containers: new Set() };

/** @param {number} group a process group's id */
function kill(group) {
  try {
    return process.kill(-group, 'SIGKILL');
  } catch {
    return false;
  }
}

/** @param {string} run the value of the label that all containers of one run carry */
async function removeContainers(run) {
  const { getContainerRuntimeClient } = await import('testcontainers');
  const { dockerode } = (await getContainerRuntimeClient()).container;
  const filters = { label: [`mqtrace.run=${run}`] };
  // A container whose creation was under way when its owner died appears a moment later.
  for (let quiet = 0; quiet < 3;) {
    const containers = await dockerode.listContainers({ all: true, filters });
    quiet = containers.length === 0 ? quiet + 1 : 0;
    const removals = containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true }));
    await Promise.allSettled(removals);
    await sleep(300);
  }
}

async function clean() {
  // A group is killed until it is gone: a process of it may be about to fork.
  for (let tries = 0; tries < 50 && [...held.group].map(kill).includes(true); tries++) await sleep(20);
  await Promise.allSettled([...held.containers].map(removeContainers));
  const options = { recursive: true, force: true, maxRetries: 10 };
  await Promise.allSettled([...held.directory].map((directory) => rm(directory, options)));
}

// Ctrl-C, a closed terminal and a polite kill may reach this process too; its work only begins then.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { action, kind, value } = JSON.parse(line);
  if (action === 'hold') held[kind].add(value);
  else held[kind].delete(value);
});
lines.on('close', () => void clean());
