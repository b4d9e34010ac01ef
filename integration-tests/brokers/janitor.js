// Cleans up after a process that starts brokers, however that process ends: it reads on standard input what to stop or
// remove, and does so when the input closes. A signal handler could not: nothing runs after `kill -9` or
// `process.exit()`.
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
  // A container that was being created when its owner ended appears a moment later.
  for (let quiet = 0; quiet < 3;) {
    const containers = await dockerode.listContainers({ all: true, filters });
    quiet = containers.length === 0 ? quiet + 1 : 0;
    const removals = containers.map(({ Id }) => dockerode.getContainer(Id).remove({ force: true, v: true }));
    await Promise.allSettled(removals);
    await sleep(300);
  }
}

async function clean() {
  // A group is killed until it is gone, because one of its processes may be forking.
  for (let tries = 0; tries < 50 && [...held.group].map(kill).includes(true); tries++) await sleep(20);
  await Promise.allSettled([...held.containers].map(removeContainers));
  const options = { recursive: true, force: true, maxRetries: 10 };
  await Promise.allSettled([...held.directory].map((directory) => rm(directory, options)));
}

// Ctrl-C, a closed terminal and SIGTERM may reach this process too, but its work only starts then.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { action, kind, value } = JSON.parse(line);
  if (action === 'hold') held[kind].add(value);
  else held[kind].delete(value);
});
lines.on('close', () => void clean());
