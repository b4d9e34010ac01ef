// Measures spans per second into the store of "mqtrace view", its memory, and the time of queries at a million spans:
// npm run bench:view
import { answerFrom, SpanStore } from '../src/view/index.ts';
import { SpanPairs } from './support/span-pairs.ts';

const spans = Number(process.argv[2] ?? 1_000_000);

const rounds = 5;

const store = new SpanStore({ spans });
const pairs = new SpanPairs();
let round = 0;
let spent = 0;
const cpu = process.cpuUsage();
const began = performance.now();
while (store.received < spans) {
  round++;
  pairs.renew();
  const before = performance.now();
  store.addTraces(pairs.send);
  store.addTraces(pairs.process);
  spent += performance.now() - before;
  if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setTimeout(resolve, 1000));
const used = process.cpuUsage(cpu);
console.log(
  `${store.received} spans in ${Math.round(spent)} ms: ${Math.round((store.received / spent) * 1000)} spans a second`,
);
const processor = (used.user + used.system) / 1e6;
console.log(
  `  by processor time, with compression on other threads and the making of ids: ${Math.round(store.received / processor)} spans a second (${processor.toFixed(1)} s of ${((performance.now() - began) / 1000).toFixed(1)} s)`,
);
console.log(
  `memory: ${Math.round(store.bytes / 2 ** 20)} MiB by the store's own count, ${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB resident`,
);
for (const [path, query] of [
  ['/api/map', ''],
  ['/api/health', ''],
  ['/api/search', 'order=slowest'],
  ['/api/search', 'id=order-77'],
  ['/api/search', 'destination=shop.orders'],
  ['/api/search', 'attribute=kafka.message.key=order-77'],
  ['/api/search', 'attribute=kafka.message.key=order-7777'],
  ['/api/search', 'text=nothing-has-this'],
  ['/api/journey', `span=${store.firstSegment * 2 ** 16 + 1000}`],
] as const) {
  const times: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < rounds; i++) {
    const from = performance.now();
    await answerFrom(store, path, new URLSearchParams(query));
    times.push(performance.now() - from);
  }
  const { user, system } = process.cpuUsage(before);
  const median = times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
  console.log(
    `${path}${query === '' ? '' : `?${query}`}: ${median.toFixed(1)} ms, processor time ${((user + system) / 1000 / rounds).toFixed(1)} ms`,
  );
}
