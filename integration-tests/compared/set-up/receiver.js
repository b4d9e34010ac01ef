// Starts the receiver of a tracer's spans.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * Starts it in a process of its own, which ends with this one.
 *
 * @param name - the file in the folder `receivers`
 * @returns its port, its certificate if it has one, the spans that it has received so far, the names such as `delivery-1-` in what it
 * has received, and functions that make it unreachable and reachable again
 */
export async function startReceiver(name) {
  const folder = process.env.COMPARED_RECEIVERS ?? fileURLToPath(new URL('../receivers', import.meta.url));
  const child = fork(`${folder}/serve.js`, [name], { execArgv: [], env: { PATH: process.env.PATH } });
  const next = () => new Promise((resolve) => child.once('message', resolve));
  const spans = [];
  const names = new Set();
  const { port, certificate } = await Promise.race([
    next(),
    new Promise((_resolve, reject) => child.once('error', reject)),
  ]);
  child.on('message', ({ span, name }) => {
    if (span !== undefined) spans.push(span);
    if (name !== undefined) names.add(name);
  });
  child.unref();
  child.channel.unref();
  const tell = (isReachable) =>
    new Promise((resolve) => {
      child.on('message', ({ isReachable: told }) => told === isReachable && resolve());
      child.send({ isReachable });
    });
  return { port, certificate, spans, names, stop: () => tell(false), resume: () => tell(true) };
}

/** Waits until no more spans arrive: they are sent some time after they have ended. */
export async function untilQuiet(spans, milliseconds) {
  for (let before = -1; before !== spans.length;) {
    before = spans.length;
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}
