import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TagChunks } from './tag-chunks.ts';

function run(steps: Iterable<[what: 'add' | 'remove', tag: number]>): number {
  const chunks = new TagChunks(() => ({ count: 0 }));
  for (const [what, tag] of steps) {
    if (what === 'add') chunks.countAdded(chunks.findOrAdd(tag));
    else chunks.countRemoved(tag, chunks.find(tag)!);
  }
  return chunks.size;
}

test.each([1, 10, 500])('deliveries that are removed in any order leave one chunk, %d at a time', (together) => {
  fc.assert(
    fc.property(fc.array(fc.nat(together - 1), { minLength: 2000, maxLength: 2000 }), (choices) => {
      const open: number[] = [];
      const steps: ['add' | 'remove', number][] = [];
      const remove = (at: number): void => void steps.push(['remove', open.splice(at % open.length, 1)[0]!]);
      for (const [index, choice] of choices.entries()) {
        if (open.length === together) remove(choice);
        steps.push(['add', index + 1]);
        open.push(index + 1);
      }
      while (open.length > 0) remove(choices[open.length]!);
      expect(run(steps)).toBe(1);
    }),
    { numRuns: 20 },
  );
});
