import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edgePath, layout, type LayoutEdge, type LayoutNode } from './layout.ts';

const node = (id: string): LayoutNode => ({ id, width: 200, height: 60 });
const chain = ['shop', 'orders', 'billing', 'invoices', 'shipping'].map(node);
const links: LayoutEdge[] = chain.slice(1).map(({ id }, at) => ({ from: chain[at]!.id, to: id }));

test('a chain goes from left to right where there is room', () => {
  const { nodes, direction } = layout(chain, links, 2000);
  expect(direction).toBe('across');
  const xs = chain.map(({ id }) => nodes.get(id)!.x);
  expect(xs).toEqual(xs.toSorted((a, b) => a - b));
  expect(new Set(chain.map(({ id }) => nodes.get(id)!.y)).size).toBe(1);
});

test('it goes on in a band below where there is none, and down on a narrow page', () => {
  const wrapped = layout(chain, links, 800);
  expect(wrapped.direction).toBe('across');
  expect(wrapped.width).toBeLessThanOrEqual(800);
  expect(new Set([...wrapped.nodes.values()].map(({ band }) => band)).size).toBe(2);
  const narrow = layout(chain, links, 370);
  expect(narrow.direction).toBe('down');
  expect(narrow.width).toBeLessThanOrEqual(370);
});

test('loops are placed too', () => {
  const { nodes } = layout(chain, [...links, { from: 'shipping', to: 'shop' }, { from: 'orders', to: 'orders' }], 2000);
  expect(nodes.size).toBe(5);
  expect(nodes.get('shop')!.x).toBeLessThan(nodes.get('orders')!.x);
});

test('boxes never overlap, keep their size and lie within the page, whatever the graph and the width', () => {
  const ids = fc.integer({ min: 0, max: 24 }).map((at) => `n${at}`);
  const edges = fc.array(fc.record({ from: ids, to: ids }), { maxLength: 60 });
  fc.assert(
    fc.property(edges, fc.integer({ min: 400, max: 2000 }), (edges, width) => {
      const boxes = [...new Set(edges.flatMap(({ from, to }) => [from, to]))].map((id, at) => ({
        id,
        width: 100 + (at % 4) * 50,
        height: 40 + (at % 3) * 40,
      }));
      const placed = layout(boxes, edges, width);
      expect(placed.nodes.size).toBe(boxes.length);
      const all = [...placed.nodes.values()];
      for (const [at, a] of all.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.x + a.width).toBeLessThanOrEqual(Math.max(width, a.width));
        for (const b of all.slice(at + 1))
          expect(a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height).toBe(
            true,
          );
      }
      for (const { from, to } of edges) {
        const path = edgePath(placed, placed.nodes.get(from)!, placed.nodes.get(to)!, 0, 0, 3);
        expect(path).not.toMatch(/NaN|undefined/);
      }
    }),
    { numRuns: 200 },
  );
});

test('the same nodes are placed the same, in whichever order the edges come', () => {
  const one = layout(chain, links, 1000);
  const two = layout(chain, links.toReversed(), 1000);
  expect([...two.nodes]).toEqual([...one.nodes]);
});

test('no edge runs off the page, also where the flow wraps or goes back', () => {
  const ids = fc.integer({ min: 0, max: 11 }).map((at) => `n${at}`);
  const edges = fc.array(fc.record({ from: ids, to: ids }), { minLength: 1, maxLength: 24 });
  fc.assert(
    fc.property(edges, fc.integer({ min: 700, max: 2000 }), (edges, width) => {
      const nodes = Array.from({ length: 12 }, (_, at) => node(`n${at}`));
      const placed = layout(nodes, edges, width);
      for (const [lane, { from, to }] of edges.entries()) {
        const [a, b] = [placed.nodes.get(from)!, placed.nodes.get(to)!];
        for (const x of xsOf(edgePath(placed, a, b, a.y + 20, b.y + 20, lane))) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(Math.max(width, placed.width));
        }
      }
    }),
  );
});

/** The horizontal positions in a path of absolute commands. */
function xsOf(path: string): number[] {
  return [...path.matchAll(/([MHVCQ])([^MHVCQ]*)/g)].flatMap(([, command, text = '']) => {
    const numbers = text.trim().split(/[ ,]+/).map(Number);
    if (command === 'V') return [];
    return command === 'H' ? numbers : numbers.filter((_, at) => at % 2 === 0);
  });
}
