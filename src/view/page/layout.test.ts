import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Box, edgePath, layout, type Layout, type LayoutEdge, type LayoutNode } from './layout.ts';

const service = (id: string): LayoutNode => ({ id, isCard: false, width: 90, height: 32, port: 16 });
const card = (id: string): LayoutNode => ({ id, isCard: true, width: 300, height: 104, port: 71 });
const chain = [service('shop'), card('orders'), service('billing'), card('invoices'), service('shipping')];
const links: LayoutEdge[] = chain.slice(1).map(({ id }, at) => ({ from: chain[at]!.id, to: id }));
const boxesOf = ({ boxes }: Layout<LayoutEdge>, id: string): Box[] => boxes.filter((box) => box.id === id);
const rightOf = (box: Box): number => box.x + box.width;

test('a chain goes from left to right where there is room, in one straight line', () => {
  const { boxes, direction, edges } = layout(chain, links, 2000);
  expect(direction).toBe('across');
  expect(boxes.map(({ id }) => id)).toEqual(chain.map(({ id }) => id));
  expect(new Set(boxes.map(({ y, port }) => y + port)).size).toBe(1);
  expect(boxes.every(({ again }) => !again)).toBe(true);
  expect(edges).toHaveLength(4);
});

test('it goes on in a band below where there is none, from the service drawn again, and down on a narrow page', () => {
  const wrapped = layout(chain, links, 800);
  expect(wrapped.direction).toBe('across');
  expect(wrapped.width).toBeLessThanOrEqual(800);
  const [home, again] = boxesOf(wrapped, 'billing');
  expect([home!.again, again!.again]).toEqual([false, true]);
  expect(again!.y).toBeGreaterThan(home!.y + home!.height);
  expect(again!.x).toBeLessThan(boxesOf(wrapped, 'invoices')[0]!.x);
  expect(wrapped.edges).toHaveLength(4);
  const narrow = layout(chain, links, 370);
  expect(narrow.direction).toBe('down');
  expect(narrow.width).toBeLessThanOrEqual(370);
  expect(narrow.boxes).toHaveLength(5);
});

test('what goes back is drawn forwards, to the service drawn again', () => {
  const dead = { from: 'shop', to: 'shop.dead' };
  const retry = layout(
    [...chain, card('shop.dead')],
    [...links, dead, { from: 'shop.dead', to: 'shop' }, { from: 'orders', to: 'shop.dead' }],
    2000,
  );
  expect(boxesOf(retry, 'shop').length).toBeGreaterThan(1);
  for (const { from, to } of retry.edges) expect(rightOf(from)).toBeLessThan(to.x);
});

test('many destinations of one service are not one tall column', () => {
  const cards = Array.from({ length: 12 }, (_, at) => card(`topic-${at}`));
  const placed = layout(
    [service('shop'), ...cards],
    cards.map(({ id }) => ({ from: 'shop', to: id })),
    2000,
  );
  expect(placed.height).toBeLessThan(5 * 104);
  expect(placed.edges).toHaveLength(12);
});

/** Services and destinations, each connected with what it may be connected with. */
const graphs = fc
  .array(fc.record({ service: fc.nat(11), card: fc.nat(11), sends: fc.boolean() }), { minLength: 1, maxLength: 60 })
  .map((picks) => {
    const nodes = new Map<string, LayoutNode>();
    const edges = new Map<string, LayoutEdge>();
    for (const { service: s, card: c, sends } of picks) {
      nodes.set(`s${s}`, { ...service(`s${s}`), width: 70 + s * 12 });
      nodes.set(`d${c}`, { ...card(`d${c}`), height: 104 + (c % 3) * 50, port: 71 + (c % 3) * 25 });
      const [from, to] = sends ? [`s${s}`, `d${c}`] : [`d${c}`, `s${s}`];
      edges.set(`${from} ${to}`, { from, to });
    }
    return { nodes: [...nodes.values()], edges: [...edges.values()] };
  });

test('boxes never overlap, keep their size and lie within the page; each edge is drawn once, between neighbours', () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 400, max: 2000 }), ({ nodes, edges }, width) => {
      const placed = layout(nodes, edges, width);
      for (const { id, isCard } of nodes) {
        const boxes = boxesOf(placed, id);
        expect(boxes.length).toBeGreaterThan(0);
        if (isCard) expect(boxes).toHaveLength(1);
        else expect(boxes.filter(({ again }) => !again)).toHaveLength(1);
      }
      for (const [at, a] of placed.boxes.entries()) {
        expect(a.x).toBeGreaterThanOrEqual(0);
        expect(a.y).toBeGreaterThanOrEqual(0);
        expect(rightOf(a)).toBeLessThanOrEqual(width);
        for (const b of placed.boxes.slice(at + 1))
          expect(a.x >= rightOf(b) || b.x >= rightOf(a) || a.y >= b.y + b.height || b.y >= a.y + a.height).toBe(true);
      }
      const drawn = placed.edges.map(({ edge }) => `${edge.from} ${edge.to}`);
      expect(drawn.toSorted()).toEqual(edges.map(({ from, to }) => `${from} ${to}`).toSorted());
      for (const { from, to } of placed.edges) {
        if (placed.direction === 'across') expect(rightOf(from)).toBeLessThan(to.x);
        else expect(from.y + from.height).toBeLessThan(to.y);
        expect(edgePath(placed.direction, from, to, from.y + from.port)).not.toMatch(/NaN|undefined/);
      }
    }),
    { numRuns: 200 },
  );
});

test('the same nodes are placed the same, in whichever order nodes and edges come', () => {
  fc.assert(
    fc.property(graphs, fc.integer({ min: 400, max: 2000 }), ({ nodes, edges }, width) => {
      const one = layout(nodes, edges, width);
      const two = layout(nodes.toReversed(), edges.toReversed(), width);
      expect(two.boxes).toEqual(one.boxes);
    }),
  );
});
