import { expect, test } from 'vitest';
import { columnsOf, drawGraph } from './draw-graph.ts';

const edge = (client: string, server: string, count = 1, isVirtual = false) => ({ client, server, count, isVirtual });

test('each node is in a column after the nodes that lead to it', () => {
  const edges = [
    edge('shop', 'kafka', 20, true),
    edge('billing', 'support'),
    edge('shop', 'billing'),
    edge('user', 'shop'),
  ];
  expect(Object.fromEntries(columnsOf(edges))).toEqual({ user: 0, shop: 1, kafka: 2, billing: 2, support: 3 });
});

test('a circle ends, and a service that calls itself stays where it is', () => {
  expect([...columnsOf([edge('a', 'b'), edge('b', 'a')]).keys()]).toEqual(['a', 'b']);
  expect(Object.fromEntries(columnsOf([edge('a', 'a')]))).toEqual({ a: 0 });
});

test('the image has each node once, and the count of each edge', () => {
  const svg = drawGraph([edge('shop', 'billing', 20), edge('shop', 'kafka', 3, true)], (name) =>
    name === 'kafka' ? undefined : '#123456',
  );
  expect(svg.match(/<rect /g)).toHaveLength(3);
  expect(svg).toMatch(/>20<\/text>.*>3<\/text>/);
  expect(svg).toMatch(/<path [^>]*stroke-dasharray[^>]*>/);
});
