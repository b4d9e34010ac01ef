// Runs one client with one variant on a real broker, and returns what each operation took. fork('worker.js', [CLIENT,
// VARIANT, SINK, ADDRESS])
import { context } from '@opentelemetry/api';
import { answer } from '../clients/answer.js';
import { setUp, textsOf } from '../clients/set-up.js';

const [, , client, variant, sink, address] = process.argv;
const tools = setUp(variant, sink);
tools.instrument(client);
const { open } = await import(`./${client}.js`);
const bench = await open(tools, address);

/** Traces of the application, a given share of which is sampled. */
const traces = [false, true].map((sampled) => {
  const texts = textsOf(sampled, 0);
  return { texts, parent: tools.parent(texts) };
});
let sent = 0;

const headersFor = bench.headersFor ?? ((texts) => ({ ...texts }));

/** Sends one message as an application does, within its trace. */
function inTrace(send) {
  // Sampled traces are spread evenly.
  const before = Math.floor((sent * tools.percent) / 100);
  const sampled = Math.floor((++sent * tools.percent) / 100) > before;
  const { texts, parent } = traces[sampled ? 1 : 0];
  if (tools.tracer === 'raw') return send(undefined);
  return context.with(parent, send, undefined, tools.writesHeaders ? headersFor(texts) : undefined);
}

async function produce(count) {
  for (let left = count; left > 0; left -= bench.inFlight) {
    await Promise.all(Array.from({ length: Math.min(left, bench.inFlight) }, () => inTrace(bench.send)));
  }
}

/** Microseconds per message, in elapsed time and in processor time of this process, including the export of spans. */
async function timed(work, count) {
  const before = process.cpuUsage();
  const started = process.hrtime.bigint();
  await work(count);
  const clock = Number(process.hrtime.bigint() - started) / 1000 / count;
  if (tools.percent > 0) await tools.flush();
  const { user, system } = process.cpuUsage(before);
  return { clock, cpu: (user + system) / count };
}

answer({
  messages: () => bench.messages,
  produce: (count) => timed(produce, count),
  hop: (count) => timed(bench.hop, count),
  consume: (count) => timed(bench.receive, count),
  operations: () => ['produce', 'hop', 'consume', ...(bench.backlog === undefined ? [] : ['backlog'])],
  backlog: (count) => timed(bench.backlog, count),

  /** The latency of each message in milliseconds, one message at a time. */
  async latencies(count) {
    const took = [];
    for (let at = 0; at < count; at++) {
      const started = process.hrtime.bigint();
      await inTrace(bench.ping);
      took.push(Number(process.hrtime.bigint() - started) / 1e6);
    }
    return took;
  },

  /** The maximum memory of this process, in bytes. */
  peak: () => process.resourceUsage().maxRSS * 1024,
  exported: () => tools.exported(),
  close: () => bench.close?.(),
});
