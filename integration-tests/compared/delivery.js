// Asks one tracer the question of docs/compared.md that is about no client: whether spans that end while its receiver cannot be reached
// arrive later.
//   node delivery.js TRACER
import { setTimeout as sleep } from 'node:timers/promises';
import { exporters } from './set-up/exporters.js';
import { startReceiver } from './set-up/receiver.js';

const [, , tracerName] = process.argv;
// The receiver does not keep this process running.
setInterval(() => {}, 1000);
const { receiver, endSpan } = await startTracer();
const { names } = receiver;

/** Its receiver, and a function that starts and ends a span. */
async function startTracer() {
  const exporter = exporters[tracerName];
  if (exporter === undefined) {
    await import(`./set-up/${tracerName}.js`);
    return globalThis.compared;
  }
  const started = await startReceiver(exporter.receiver);
  return { receiver: started, endSpan: await exporter.start(started) };
}

/** Waits until all of these spans have arrived; false if they have not after that time. */
async function haveArrived(expected, milliseconds) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await sleep(100)) {
    if (expected.every((name) => names.has(name))) return true;
  }
  return false;
}

// Some need a while until they are ready.
for (let at = 0; !names.has('delivery-0-'); at++) {
  if (at > 600) throw new Error(`no span of ${tracerName} has arrived`);
  if (at % 20 === 0) await endSpan('delivery-0-');
  await sleep(100);
}
await receiver.stop();
const expected = Array.from({ length: 20 }, (_, at) => `delivery-${at + 1}-`);
for (const name of expected) {
  await endSpan(name);
  await sleep(100);
}
await sleep(18_000);
await receiver.resume();
const question = 'Spans that end while the receiver cannot be reached for 20 seconds arrive later';
const answers = { [question]: await haveArrived(expected, 90_000) };
process.stdout.write(`answers ${JSON.stringify(answers)}\n`, () => process.exit(0));
