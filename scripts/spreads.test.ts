import { expect, test } from 'vitest';
import { countInCode, withoutComments } from './count-in-code.ts';

// A property or a second spread after a spread, as in `{ ...a, key }`, takes V8 up to a microsecond. That is more than the rest of
// an unsampled message takes, so it is not allowed in the folders that handle every message.
const rooms = ['src/messaging', 'src/kafkajs', 'src/amqplib', 'src/ioredis'];

/** Allowed where it runs once for a client, in a rare case, or only for names of older conventions. */
const allowed: Readonly<Record<string, number>> = {
  'src/messaging/spans.ts': 3,
  // When an operation fails.
  'src/messaging/start-operation.ts': 1,
  'src/kafkajs/trace-kafka.ts': 1,
  'src/kafkajs/connection.ts': 3,
  'src/kafkajs/receiving.ts': 1,
  'src/amqplib/message.ts': 1,
};

/**
 * Counts spreads within an object that are followed by another member: `{ ...a, b }` and `{ a, ...b, c }`, also over several lines.
 */
function slowSpreads(source: string): number {
  const code = withoutComments(source);
  let count = 0;
  for (let open = code.indexOf('{'); open >= 0; open = code.indexOf('{', open + 1)) {
    const parts = membersFrom(code, open + 1);
    const at = parts.findIndex((part) => part.startsWith('...'));
    // `import { a }` and blocks have no part that begins with a spread.
    if (at >= 0 && at < parts.length - 1) count++;
  }
  return count;
}

/** The members of an object that begins here. */
function membersFrom(code: string, start: number): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = start;
  for (let at = start; at < code.length; at++) {
    const character = code[at]!;
    if ('([{'.includes(character)) depth++;
    else if (depth === 0 && (character === ',' || character === '}')) {
      parts.push(code.slice(from, at).trim());
      from = at + 1;
      if (character === '}') break;
    } else if (')]}'.includes(character)) depth--;
  }
  return parts.filter((part) => part !== '');
}

test('slow spreads are found', () => {
  expect(slowSpreads('x = { ...a, b }; y = { ...a }; z = { a, ...b };')).toBe(1);
  expect(slowSpreads('f({\n  ...a,\n  b: { ...c, ...d },\n});')).toBe(2);
  expect(slowSpreads('f(...a, b); [...a, b]; // { ...a, b }')).toBe(0);
});

test('no property follows a spread in code that handles every message', () => {
  expect(countInCode(rooms, slowSpreads)).toEqual(allowed);
});
