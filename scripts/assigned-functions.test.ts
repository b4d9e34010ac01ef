import { expect, test } from 'vitest';
import { countInCode, withoutComments } from './count-in-code.ts';

// V8 allocates a function expression in the old space if it is directly assigned to a property, as in `command.reject = () => {}`, or
// is the value of a class field. There it keeps all that it refers to, such as the message, in memory until the next major garbage
// collection, also when the object is no longer used: every message is then copied twice. Functions that are created for each message
// must therefore be assigned to a variable first.
const rooms = [
  'src/messaging',
  'src/kafkajs',
  'src/amqplib',
  'src/ioredis',
  'src/propagation',
  'src/sdk',
  'src/export',
];

/** Allowed where it runs once for a client, a consumer or a process. */
const allowed: Readonly<Record<string, number>> = {
  'src/ioredis/consume-stream.ts': 1,
  'src/ioredis/trace-redis.ts': 1,
  // A transaction listens to its connection.
  'src/ioredis/transaction.ts': 1,
  'src/kafkajs/lag.ts': 1,
  'src/export/metrics.ts': 1,
  'src/export/mqtrace-span-processor.ts': 1,
};

/** Counts function expressions that are assigned to a property or are the value of a class field. */
function assignedFunctions(source: string): number {
  const code = withoutComments(source);
  const start = String.raw`(?:async )?(?:function\b|\([^()]*\)(?:: [\w<>[\] |]+)? =>|\w+ =>)`;
  const assigned = new RegExp(String.raw`(?:[\w)\]!]\.#?\w+|\]) =\s+${start}`, 'g');
  const field = new RegExp(
    String.raw`^ +(?:(?:private|protected|public|static|readonly) )*#?\w+(?:: [^=;\n(]+)? =\s+${start}`,
    'gm',
  );
  return (code.match(assigned) ?? []).length + (code.match(field) ?? []).length;
}

test('assigned functions are found', () => {
  expect(
    assignedFunctions('a.b = () => {}; this.#a = (x): void => {}; a.b.c = async (x) => x; a[1] = function b() {};'),
  ).toBe(4);
  expect(assignedFunctions('class A {\n  #a = () => {};\n  readonly b: Listener =\n    function () {};\n}')).toBe(2);
  expect(
    assignedFunctions(
      'const a = () => {}; a.b = a; a.b ??= () => {}; a.b = c((x) => x); f(() => {}); a = { b: () => {} };',
    ),
  ).toBe(0);
});

test('no function is directly assigned to a property in code that handles every message', () => {
  expect(countInCode(rooms, assignedFunctions)).toEqual(allowed);
});
