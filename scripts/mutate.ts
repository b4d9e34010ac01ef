// Generates and mutates headers for the fuzz script.
/** A reproducible source of random numbers. */
export interface Source {
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(of: readonly T[]): T;
  /** The seed for a source that continues from here. */
  state(): number;
}

/** mulberry32: small, fast, and the same on all platforms. */
export function random(seed: number): Source {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (limit) => Math.floor(next() * limit),
    chance: (probability) => next() < probability,
    pick: (of) => of[Math.floor(next() * of.length)]!,
    state: () => state,
  };
}

const traceparents = [
  '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-03',
  'cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more',
];
const states = ['a=1,b=2', 'ot=th:8;rv:1234567890abcd,v=1', 'tenant@system=x', ` a=1 ,\tb=2,,`];
const baggages = ['k=v', 'tenant=a;ttl=1,user=b%20c', 'k=%E2%82%AC,l=', 'secret=x,a=1,b=2', 'k=v;p=q;r , l = w'];
const others: [string, string][] = [
  ['b3', '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1'],
  ['uber-trace-id', '0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1'],
  ['ce_specversion', '1.0'],
  ['ce_traceparent', traceparents[0]!],
  ['__proto__', 'x'],
  ['constructor', 'x'],
  ['content-type', 'text/plain'],
];

/** Valid headers, some of them repeated, in any spelling. */
export function seedHeaders(source: Source): [string, string][] {
  const headers: [string, string][] = [];
  const spell = (name: string): string =>
    source.pick([name, name, name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)]);
  const add = (name: string, from: readonly string[]): void => {
    const times = source.pick([0, 1, 1, 1, 2, 70]);
    for (let i = 0; i < times; i++) headers.push([spell(name), source.pick(from)]);
  };
  add('traceparent', traceparents);
  add('tracestate', states);
  add('baggage', baggages);
  if (source.chance(0.3)) headers.push(source.pick(others));
  return headers;
}

const pieces = [
  ...', ; = \t % %00 %FF %E2%82%AC " \\ \0 \r\n - -- 0 f F 00- __proto__ constructor ,,,, a=1,b=2'.split(' '),
  ...'|ü|€|\u{1f600}|\ud800|\udc00|\ufffd|\ufeff|\u00a0| '.split('|'),
  '0'.repeat(32),
  'x'.repeat(300),
  'k=v,'.repeat(3000),
  '€,'.repeat(5000),
  ','.repeat(9000),
  '%FF'.repeat(3000),
  `k=${'v'.repeat(8190)}`,
];

/** The text with parts cut, repeated, swapped, replaced or added; unchanged with the remaining probability. */
export function mutate(source: Source, text: string, probability: number): string {
  let mutated = text;
  while (source.chance(probability) && mutated.length < 100_000) {
    const at = source.below(mutated.length + 1);
    const end = at + source.below(Math.min(20, mutated.length - at + 1));
    switch (source.below(6)) {
      case 0:
        mutated = mutated.slice(0, at) + mutated.slice(end);
        break;
      case 1:
        mutated = mutated.slice(0, at) + source.pick(pieces) + mutated.slice(at);
        break;
      case 2:
        mutated = mutated.slice(0, at) + source.pick(pieces) + mutated.slice(end);
        break;
      case 3:
        mutated = mutated.slice(0, at) + String.fromCharCode(source.below(0x300)) + mutated.slice(at + 1);
        break;
      case 4:
        mutated = mutated.slice(0, end) + mutated.slice(at);
        break;
      default:
        mutated = source.chance(0.5) ? mutated.toUpperCase() : mutated.slice(0, at);
    }
    if (source.chance(0.5)) break;
  }
  return mutated;
}
