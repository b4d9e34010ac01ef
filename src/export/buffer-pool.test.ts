import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';

const kilobytes = (count: number): number => count * 1024;

test('a returned buffer is reused for a similar size, one at a time', () => {
  const pool = new BufferPool();
  const first = pool.take(kilobytes(200));
  expect(first.length).toBe(kilobytes(256));
  pool.give(first);
  expect(pool.take(kilobytes(180)) === first).toBe(true);
  expect(pool.take(kilobytes(180)) === first).toBe(false);
  pool.give(first);
  expect(pool.take(kilobytes(60)) === first).toBe(false);
  expect(pool.take(kilobytes(300)) === first).toBe(false);
});

test('a small buffer has exactly the size that is needed, unless it is to be reused', () => {
  const pool = new BufferPool();
  expect(pool.take(100).length).toBe(100);
  expect(pool.takeLarge(100).length).toBe(kilobytes(64));
});

test('the kept bytes are limited; those that were not used for the longest time are dropped', () => {
  const pool = new BufferPool(kilobytes(256));
  const [oldest, middle, newest] = [128, 64, 128].map((size) => pool.take(kilobytes(size))) as [Buffer, Buffer, Buffer];
  for (const buffer of [oldest, middle, newest]) pool.give(buffer);
  expect(pool.take(kilobytes(128)) === newest).toBe(true);
  expect(pool.take(kilobytes(64)) === middle).toBe(true);
  expect(pool.take(kilobytes(128)) === oldest).toBe(false);
  const huge = pool.take(kilobytes(512));
  pool.give(huge);
  expect(pool.take(kilobytes(512)) === huge).toBe(false);
});
