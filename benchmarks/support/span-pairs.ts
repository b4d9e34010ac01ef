// Creates export requests for the benchmarks of the viewer: a producer's and its consumer's, with new ids in each
// round.
import { randomBytes } from 'node:crypto';
import { request, type TestSpan } from '../../src/view/testing/otlp.ts';

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

/** Two requests of 512 spans each, encoded only once, because encoding is not measured. */
export class SpanPairs {
  readonly send: Buffer;
  readonly process: Buffer;
  readonly #places: (readonly [bytes: Buffer, at: number])[];

  constructor() {
    const { send, process, places } = pairs();
    this.send = send;
    this.process = process;
    this.#places = [
      ...places.send.map((at) => [send, at] as const),
      ...places.process.map((at) => [process, at] as const),
    ];
  }

  /** New ids: a part of each id is incremented. */
  renew(): void {
    for (const [bytes, at] of this.#places) bytes.writeUInt16LE((bytes.readUInt16LE(at + 3) + 1) & 0xffff, at + 3);
  }
}
