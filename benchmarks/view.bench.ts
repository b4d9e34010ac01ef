// npm run bench:view: spans a second into the store of "mqtrace view", its memory, and how long answers take at a million spans.
import { randomBytes } from 'node:crypto';
import { answerFrom, SpanStore } from '../src/view/index.ts';
import { request, type TestSpan } from '../src/view/testing/otlp.ts';

const spans = Number(process.argv[2] ?? 1_000_000);
const batch = 512;
const on = (type: string): NonNullable<TestSpan['attributes']> => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.type': type,
  'messaging.operation.name': type,
  'messaging.destination.name': 'shop.orders',
  'messaging.client.id': 'shop',
  'messaging.destination.partition.id': '3',
  'server.address': 'localhost',
  'server.port': 9092,
});

/** Requests of a producer and of its consumer whose ids are put in afterwards: encoding is not what is measured. */
function pairs(): { send: Buffer; process: Buffer; ids: Buffer[]; places: { send: number[]; process: number[] } } {
  const ids = Array.from({ length: batch }, () => randomBytes(8));
  const start = Date.now() - 60_000;
  const sends = ids.map((id, at): TestSpan => ({
    spanId: id.toString('hex'),
    name: 'send shop.orders',
    kind: 'producer',
    start: start + at,
    end: start + at + 2,
    attributes: { ...on('send'), 'kafka.message.key': `order-${at}` },
  }));
  const processes = ids.map((id, at): TestSpan => ({
    spanId: Buffer.from(id).reverse().toString('hex'),
    parent: id.toString('hex'),
    links: [{ spanId: id.toString('hex') }],
    name: 'process shop.orders',
    kind: 'consumer',
    start: start + at + 400,
    end: start + at + 405,
    attributes: {
      ...on('process'),
      'messaging.consumer.group.name': 'billing',
      'kafka.message.key': `order-${at}`,
      'mqtrace.message.age': 0.4,
    },
  }));
  const send = request('shop', sends);
  const process = request('billing', processes);
  const placesOf = (bytes: Buffer, id: Buffer): number[] => {
    const found: number[] = [];
    for (let at = bytes.indexOf(id); at >= 0; at = bytes.indexOf(id, at + 1)) found.push(at);
    return found;
  };
  return {
    send,
    process,
    ids,
    places: {
      send: ids.flatMap((id) => placesOf(send, id)),
      process: ids.flatMap((id) => placesOf(process, id).concat(placesOf(process, Buffer.from(id).reverse()))),
    },
  };
}

const store = new SpanStore({ spans });
const { send, process: consume, places } = pairs();
let round = 0;
let spent = 0;
const cpu = process.cpuUsage();
const began = performance.now();
while (store.received < spans) {
  round++;
  // Other ids in each round: the lower half of each is mixed with the round's number.
  for (const [bytes, at] of [
    ...places.send.map((at) => [send, at] as const),
    ...places.process.map((at) => [consume, at] as const),
  ])
    bytes.writeUInt16LE((bytes.readUInt16LE(at + 3) + 1) & 0xffff, at + 3);
  const before = performance.now();
  store.addTraces(send);
  store.addTraces(consume);
  spent += performance.now() - before;
  if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await new Promise((resolve) => setTimeout(resolve, 1000));
const used = process.cpuUsage(cpu);
console.log(
  `${store.received} spans in ${Math.round(spent)} ms: ${Math.round((store.received / spent) * 1000)} spans a second`,
);
console.log(
  `  (with compression on other threads and the making of ids: ${Math.round((used.user + used.system) / 1000)} ms of processor time in ${Math.round(performance.now() - began)} ms)`,
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
  ['/api/search', 'text=nothing-has-this'],
  ['/api/journey', `span=${store.firstSegment * 2 ** 16 + 1000}`],
] as const) {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    await answerFrom(store, path, new URLSearchParams(query));
    times.push(performance.now() - from);
  }
  console.log(`${path}${query === '' ? '' : `?${query}`}: ${times.toSorted((a, b) => a - b)[2]!.toFixed(1)} ms`);
}
