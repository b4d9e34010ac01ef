// Runs slices of one family of paths with one variant, on request. fork('worker.js', [CLIENT, FAMILY, VARIANT, SINK])
import { context } from '@opentelemetry/api';
import { answer } from '../clients/answer.js';
import { setUp, textsOf } from '../clients/set-up.js';

const [, , client, family, variant, sink] = process.argv;
const tools = setUp(variant, sink);
const { families } = await import(`./${client}.js`);
const makeCase = await families[family](tools);
const cases = new Map();

function caseOf(batch, baggage) {
  const key = `${batch}, ${baggage}`;
  if (!cases.has(key)) {
    const texts = { ...textsOf(tools.percent > 0, baggage), ...tools.ownHeaders };
    const path = makeCase({ batch, texts });
    // Clients call receiving code outside any context.
    const inParent =
      path.sends && tools.tracer !== 'raw' ? (fn) => context.with(tools.parent(texts), fn) : (fn) => fn();
    cases.set(key, { ...path, inParent });
  }
  return cases.get(key);
}

/** Processor time in microseconds, because elapsed time on a busy machine includes other processes. */
const spent = (before) => {
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

answer({
  /** One slice: microseconds of this process per message, including the export of spans. */
  async slice(batch, baggage, count) {
    const { prepare, run, inParent, finish } = caseOf(batch, baggage);
    // Other processes have used the CPU caches meanwhile: the first messages are not measured.
    const first = prepare(Math.max(batch, Math.floor(count / 4 / batch) * batch));
    const prepared = prepare(count);
    await inParent(() => run(first));
    finish?.(first);
    if (tools.percent > 0) await tools.flush();
    const before = process.cpuUsage();
    await inParent(() => run(prepared));
    if (finish !== undefined) {
      const took = spent(before) / count;
      finish(prepared);
      await tools.flush();
      return took;
    }
    if (tools.percent > 0) await tools.flush();
    return spent(before) / count;
  },

  /**
   * Bytes allocated per message, with few enough messages that no garbage is collected meanwhile. After a major collection V8
   * runs some functions unoptimized for a while, which allocates much more.
   */
  async bytes(batch, baggage, count) {
    const { prepare, run, inParent } = caseOf(batch, baggage);
    const prepared = prepare(count);
    globalThis.gc({ type: 'minor' });
    const before = process.memoryUsage().heapUsed;
    await inParent(() => run(prepared));
    if (tools.percent > 0) await tools.flush();
    return (process.memoryUsage().heapUsed - before) / count;
  },

  /** The number of exported spans. Throws if any was lost. */
  exported: () => tools.exported(),
});
