// Compares carriers and propagator with OpenTelemetry's stock propagators, and measures the cost of junk: npm run
// bench:carriers
import { type Context, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { Bench } from 'tinybench';
import { amqpHeaders, type CarrierAdapter, httpHeaders, kafkaHeaders, redisFields } from '../carriers/index.ts';
import { mqtracePropagator } from '../src/propagation/index.ts';

const stock = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const baggage = (entries: number): string =>
  Array.from({ length: entries }, (_, i) => `key${i}=value%20${i}`).join(',');
const plainGetter = {
  get: (carrier: Record<string, string>, key: string): string | undefined => carrier[key],
  keys: (carrier: Record<string, string>): string[] => Object.keys(carrier),
};
const plainSetter = {
  set(carrier: Record<string, string>, key: string, value: string): void {
    carrier[key] = value;
  },
};

async function compare(title: string, ours: () => unknown, theirs: () => unknown): Promise<void> {
  const bench = new Bench({ time: 300, warmupTime: 100 });
  bench.add('mqtrace', ours).add('stock', theirs);
  await bench.run();
  const [own, other] = bench.tasks.map(({ result }) => ('latency' in result ? result.latency.p50 * 1e6 : Number.NaN));
  const ratio = (other! / own!).toFixed(1);
  process.stdout.write(
    `${title.padEnd(38)} ${own!.toFixed(0).padStart(7)} ns  stock ${other!.toFixed(0).padStart(7)} ns  ${ratio}x\n`,
  );
}

process.stdout.write('A hop (extract, then inject), median; last, how many times faster than stock\n');
for (const entries of [0, 1, 8, 64]) {
  const headers: Record<string, string> = {
    traceparent,
    tracestate: 'a=1,b=2',
    ...(entries > 0 && { baggage: baggage(entries) }),
  };
  const hop = (propagator: TextMapPropagator): void => {
    const context = propagator.extract(ROOT_CONTEXT, headers, plainGetter);
    propagator.inject(context, {}, plainSetter);
  };
  await compare(
    `${entries} entries, unread`,
    () => hop(mqtracePropagator),
    () => hop(stock),
  );
  if (entries === 0) continue;
  const reading = (propagator: TextMapPropagator): unknown =>
    propagation.getBaggage(propagator.extract(ROOT_CONTEXT, headers, plainGetter))?.getEntry('key0');
  await compare(
    `${entries} entries, read`,
    () => reading(mqtracePropagator),
    () => reading(stock),
  );
}

process.stdout.write('\nA hop with a trace state\n');
for (const tracestate of ['', 'ot=th:8', 'mqtrace=1;mgj6k3cw;2;checkout', 'mqtrace=1;mgj6k3cw;2,ot=th:8', 'a=1,b=2']) {
  const headers: Record<string, string> = { traceparent };
  if (tracestate !== '') headers['tracestate'] = tracestate;
  const hop = (propagator: TextMapPropagator): void =>
    propagator.inject(propagator.extract(ROOT_CONTEXT, headers, plainGetter), {}, plainSetter);
  await compare(
    tracestate || 'none',
    () => hop(mqtracePropagator),
    () => hop(stock),
  );
}

const formats: [CarrierAdapter<unknown>, unknown][] = [
  [kafkaHeaders, { mine: Buffer.from('1'), traceparent: Buffer.from(traceparent), baggage: Buffer.from(baggage(8)) }],
  [amqpHeaders, { mine: '1', traceparent, baggage: baggage(8) }],
  [redisFields, ['mine', '1', 'traceparent', traceparent, 'baggage', baggage(8)]],
  [httpHeaders, { host: 'x', traceparent, baggage: baggage(8) }],
];
process.stdout.write('\nExtract through each carrier, 8 entries\n');
for (const [adapter, headers] of formats) {
  const extract = (propagator: TextMapPropagator): Context => propagator.extract(ROOT_CONTEXT, headers, adapter);
  await compare(
    adapter.name,
    () => extract(mqtracePropagator),
    () => extract(stock),
  );
}

const size = 4 * 1024 * 1024;
const times = (text: string, bytes = size): Buffer => Buffer.alloc(bytes, text);
const junk: [string, CarrierAdapter<unknown>, unknown][] = [
  ['one baggage of members', kafkaHeaders, { baggage: times('k=v,') }],
  ['the same as a string', amqpHeaders, { baggage: times('k=v,').toString() }],
  ['one baggage of euro signs', amqpHeaders, { baggage: times('€,').toString() }],
  [
    'all three of bytes that are no UTF-8',
    kafkaHeaders,
    { traceparent: times('\xff'), tracestate: times('\xff'), baggage: times('\xff') },
  ],
  ['all three of commas', kafkaHeaders, { traceparent: times(','), tracestate: times(','), baggage: times(',') }],
  ['percent signs', kafkaHeaders, { baggage: times('k=%FF%') }],
  ['512 repeats of 8 KiB', kafkaHeaders, { baggage: Array.from({ length: 512 }, () => times('k=v,', 8192)) }],
  ['a million repeats', kafkaHeaders, { traceparent: Array.from({ length: 1e6 }, () => 'x') }],
  ['400 000 names', kafkaHeaders, Object.fromEntries(Array.from({ length: 400_000 }, (_, i) => [`k${i}`, 'v']))],
  ['400 000 fields', redisFields, Array.from({ length: 800_000 }, () => 'baggage')],
  ['one header', httpHeaders, { traceparent: times(',').toString(), baggage: times('k=v,').toString() }],
];
process.stdout.write(
  '\n4 MB of junk: extract; then read the baggage and send it on;\nmedian and 99th percentile of 200 each, in ms\n',
);
for (const [title, adapter, headers] of junk) {
  const [took, used]: [number[], number[]] = [[], []];
  for (let i = 0; i < 250; i++) {
    const start = performance.now();
    const context = mqtracePropagator.extract(ROOT_CONTEXT, headers, adapter);
    const extracted = performance.now();
    propagation.getBaggage(context)?.getEntry('k');
    mqtracePropagator.inject(context, {}, plainSetter);
    if (trace.getSpanContext(context) !== undefined) throw new Error('junk was taken for a trace');
    if (i < 50) continue;
    took.push(extracted - start);
    used.push(performance.now() - extracted);
  }
  const columns = [took, used].map((times) => {
    times.sort((a, b) => a - b);
    return `${times[100]!.toFixed(4)}  ${times[197]!.toFixed(4)}`;
  });
  process.stdout.write(`${`${adapter.name}: ${title}`.padEnd(38)} ${columns.join('    ')}\n`);
}
