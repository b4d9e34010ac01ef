// Profile driver: node zz-own.mjs CLIENT FAMILY VARIANT
import { context } from '@opentelemetry/api';
import { Session } from 'node:inspector/promises';
import { setUp, textsOf } from './clients/set-up.js';
import { createServer } from 'node:http';
const [, , client, family, variant, batchText = '1'] = process.argv;
const server = createServer((q, s) => {
  q.resume();
  q.on('end', () => s.end());
}).listen(0);
await new Promise((r) => server.once('listening', r));
const tools = setUp(variant, `http://127.0.0.1:${server.address().port}`);
const { families } = await import(`./paths/${client}.js`);
const makeCase = await families[family](tools);
const texts = textsOf(tools.percent > 0, 0);
const batch = Number(batchText);
const path = makeCase({ batch, texts });
const inParent = path.sends ? (fn) => context.with(tools.parent(texts), fn) : (fn) => fn();
const slice = async (n) => {
  const p = path.prepare(n);
  await inParent(() => path.run(p));
  path.finish?.(p);
  await tools.flush();
};
for (let i = 0; i < 10; i++) await slice(2000);
const s = new Session();
s.connect();
await s.post('Profiler.enable');
await s.post('Profiler.setSamplingInterval', { interval: 100 });
await s.post('Profiler.start');
for (let i = 0; i < 100; i++) await slice(2000);
const { profile } = await s.post('Profiler.stop');
const self = new Map();
let total = 0;
const byId = new Map(profile.nodes.map((n) => [n.id, n]));
profile.samples.forEach((id, i) => {
  const d = profile.timeDeltas[i];
  const n = byId.get(id);
  const { functionName, url, lineNumber } = n.callFrame;
  const k = `${functionName || '(anon)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`;
  self.set(k, (self.get(k) ?? 0) + d);
  total += d;
});
for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 40))
  console.log(`${(v / 200000).toFixed(3)} us ${((100 * v) / total).toFixed(1)}% ${k}`);
await tools.close();
process.exit(0);
