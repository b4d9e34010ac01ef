// Sends mutated headers through all carriers and propagators: npm run fuzz [-- --seconds 120 --seed 7].
//
// Exits with code 1 and prints the seed if something throws, a prototype is modified, or a propagated header is out of bounds; also
// if invalid input costs too much: 4 MB may take at most 0.1 ms (see junk.ts).
import { parseArgs } from 'node:util';
import { propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { cloudEvents, environment, type EnvironmentVariables, droppedHeaders } from '../carriers/index.ts';
import { type Format, formats, type HeaderPairs } from '../carriers/testing/formats.ts';
import { compilePolicy } from '../src/propagation/baggage-policy.ts';
import { extract, inject, restoreContext } from '../src/propagation/index.ts';
import { TrustPolicy } from '../src/propagation/trust.ts';
import { explain } from '../src/index.ts';
import { tracingFaults } from '../src/common/faults.ts';
import { timeJunk } from './junk.ts';
import { mutate, random, seedHeaders, type Source } from './mutate.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 60);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
process.stdout.write(`fuzz: seed ${seed}, ${seconds} s\n`);

const environmentFormat: Format<EnvironmentVariables> = {
  adapter: environment,
  make: (pairs) => Object.fromEntries(pairs.map(([name, value]) => [name.toUpperCase(), String(value)])),
  http: false,
  anyCase: false,
};
const all: readonly Format<unknown>[] = [
  ...formats,
  environmentFormat,
  ...formats.map(({ adapter, make, http, anyCase }) => {
    const extended = cloudEvents(adapter);
    return { adapter: { ...extended, name: `${adapter.name}, CloudEvents` }, make, http, anyCase };
  }),
];
const policy = compilePolicy({ deny: ['x*'], redact: ['*secret*'], rename: { a: 'b' }, maxBytes: 4096 }, 'fuzz');
const gate = new TrustPolicy({ sampled: { perSecond: 1000 }, messagesPerTrace: 10 }, 'fuzz');
const prototypes = [Object.prototype, Array.prototype, String.prototype, Map.prototype, Buffer.prototype];
const untouched = prototypes.map((prototype) => Reflect.ownKeys(prototype).length);

/** The first problem with the result for these headers; undefined if there is none. */
function check({ adapter, make }: Format<unknown>, pairs: HeaderPairs): string | undefined {
  let headers: unknown;
  try {
    headers = make(pairs);
  } catch {
    return undefined; // Not valid as HTTP headers.
  }
  const received = extract(adapter, headers, ROOT_CONTEXT, { propagator: 'mqtrace' });
  const { context } = gate.apply(policy.apply(received), ROOT_CONTEXT);
  for (const outgoing of [received, context]) {
    const sent = inject(adapter, undefined, outgoing, { propagator: 'mqtrace' });
    const traceparent = adapter.get(sent, 'traceparent') ?? '';
    if (!/^(00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3])?$/.test(traceparent)) return `traceparent out: ${traceparent}`;
    const state = adapter.get(sent, 'tracestate') ?? '';
    if (state.length > 512) return `tracestate out: ${state.length} characters`;
    const baggage = adapter.get(sent, 'baggage') ?? '';
    if (Buffer.byteLength(baggage) > 8192 || !/^[\t\x20-\x7e]*$/.test(baggage)) return `baggage out: ${baggage.length}`;
    if (baggage.split(',').length > 64) return 'baggage out: more than 64 members';
    // Sent values read back as the original.
    const again = extract(adapter, sent, ROOT_CONTEXT, { propagator: 'mqtrace' });
    if (trace.getSpanContext(again)?.spanId !== trace.getSpanContext(outgoing)?.spanId)
      return 'another span after a hop';
    // Re-encoded baggage may need more bytes than the original: entries may be omitted, but none may be added.
    const before = propagation.getBaggage(outgoing)?.getAllEntries() ?? [];
    for (const [key, { value }] of propagation.getBaggage(again)?.getAllEntries() ?? []) {
      const same = before.find(([present]) => present === key);
      if (same === undefined) return `a hop forged ${JSON.stringify(key)}`;
      if (Buffer.from(same[1].value).toString() !== value) return `a hop changed the value of ${JSON.stringify(key)}`;
    }
  }
  return undefined;
}

function round(source: Source): number {
  let headers = 0;
  const pairs: HeaderPairs = [];
  for (const [name, value] of seedHeaders(source)) {
    pairs.push([
      mutate(source, name, 0.05),
      source.chance(0.3) ? Buffer.from(mutate(source, value, 0.8), 'latin1') : mutate(source, value, 0.8),
    ]);
  }
  for (const format of all) {
    const wrong = check(format, pairs);
    if (wrong !== undefined) throw new Error(`${format.adapter.name}: ${wrong}`);
    headers += pairs.length;
  }
  if (source.chance(0.05)) {
    explain({ headers: Object.fromEntries(pairs) }, { trust: 'link' });
    restoreContext(mutate(source, JSON.stringify(Object.fromEntries(pairs.map(([k, v]) => [k, String(v)]))), 0.9));
  }
  for (const [at, prototype] of prototypes.entries()) {
    if (Reflect.ownKeys(prototype).length !== untouched[at]) throw new Error(`a prototype was modified`);
  }
  if (tracingFaults() > 0) throw new Error('a fault was reported: something threw inside');
  return headers;
}

const source = random(seed);
const end = Date.now() + seconds * 1000;
let rounds = 0;
let headers = 0;
let state = seed;
try {
  while (Date.now() < end) {
    state = source.state();
    headers += round(source);
    rounds++;
  }
  const dropped = Object.entries(droppedHeaders()).filter(([, count]) => count > 0);
  process.stdout.write(`fuzz: ${headers} headers in ${rounds} rounds through ${all.length} carriers, nothing wrong\n`);
  process.stdout.write(`dropped: ${dropped.map(([reason, count]) => `${reason} ${count}`).join(', ')}\n`);
  if (!timeJunk(all, (line) => process.stdout.write(`${line}\n`))) process.exitCode = 1;
} catch (error) {
  process.stdout.write(
    `fuzz: round ${rounds} of seed ${seed} (--seed ${state} reproduces it directly): ${String(error)}\n`,
  );
  process.exitCode = 1;
}
