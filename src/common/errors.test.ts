import { expect, test } from 'vitest';
import { describe, invalidOption, MqtraceError } from './errors.ts';

test('an error says where it occurred, what was expected and what was given, and has a code', () => {
  const error = invalidOption('startTracing({ sampler })', 'always', 'a Sampler or { ratio }');
  expect(error).toBeInstanceOf(MqtraceError);
  expect(error).toMatchObject({ name: 'MqtraceError', code: 'INVALID_OPTION' });
  expect(error.message).toBe(
    '[INVALID_OPTION] startTracing({ sampler }): expected a Sampler or { ratio }, got "always"',
  );
});

test.each([
  [null, 'null'],
  [undefined, 'undefined'],
  [3, '3'],
  ['x'.repeat(50), `"${'x'.repeat(40)}…"`],
  [[1, 2], 'an array of 2'],
  [{}, 'an object'],
  [Object.create(null), 'an object'],
  [new Map(), 'an instance of Map'],
  [() => 1, 'a function'],
])('describe(%o) is short and cannot throw', (value, text) => {
  expect(describe(value)).toBe(text);
});
