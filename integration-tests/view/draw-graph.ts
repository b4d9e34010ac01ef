// Draws a service graph as an SVG image: services and virtual nodes, and an arrow with its count for each edge.
import type { Edge } from '../backends/parenting/graph.ts';

type Drawn = Pick<Edge, 'client' | 'server' | 'count' | 'isVirtual'>;

/** The width of an image that has several columns. */
const imageWidth = 384;
const widestColumn = 122;
const rowHeight = 40;
const boxWidth = 56;
const boxHeight = 20;

/** Where a node is: its column, and its centre. */
interface Place {
  readonly column: number;
  readonly x: number;
  readonly y: number;
}

/** The column of each node: one more than that of the clients that lead to it. */
export function columnsOf(edges: readonly Drawn[]): Map<string, number> {
  const columns = new Map<string, number>();
  // A graph of n nodes is done after n rounds, also if it has a circle.
  for (let round = 0; round <= edges.length; round++) {
    for (const { client, server } of edges) {
      const from = columns.get(client) ?? 0;
      columns.set(client, from);
      const known = columns.get(server) ?? 0;
      if (client !== server && known <= from && from < edges.length) columns.set(server, from + 1);
    }
  }
  return columns;
}

/** Places of the centres of all nodes: those of a column below one another, and brokers below all, so that arrows pass no box. */
function placesOf(edges: readonly Drawn[]): Map<string, Place> {
  const columns = columnsOf(edges);
  const brokers = new Set(edges.filter(({ isVirtual, client }) => isVirtual && columns.get(client)! > 0));
  const isBroker = (name: string): boolean => [...brokers].some(({ server }) => server === name);
  const columnWidth = Math.min(widestColumn, (imageWidth - boxWidth - 4) / Math.max(1, ...columns.values()));
  const taken = new Map<number, number>();
  const places = new Map<string, Place>();
  const sorted = [...columns].toSorted(([a], [b]) => Number(isBroker(a)) - Number(isBroker(b)));
  for (const [name, column] of sorted) {
    const row = isBroker(name) ? Math.max(1, ...taken.values()) : (taken.get(column) ?? 0);
    taken.set(column, row + 1);
    places.set(name, { column, x: column * columnWidth + boxWidth / 2 + 1, y: row * rowHeight + boxHeight / 2 + 1 });
  }
  return places;
}

/**
 * The image.
 *
 * @param colourOf - the colour of a service; undefined for a virtual node, such as a broker
 */
export function drawGraph(edges: readonly Drawn[], colourOf: (name: string) => string | undefined): string {
  const places = placesOf(edges);
  const arrows = edges.map(({ client, server, count, isVirtual }) => {
    const from = places.get(client)!;
    const to = places.get(server)!;
    const [x1, x2] = [from.x + boxWidth / 2, to.x - boxWidth / 2 - 2];
    const [x, y] = [(x1 + x2) / 2, (from.y + to.y) / 2];
    // An arrow that is longer than one column passes below the boxes between.
    const isLong = to.column - from.column > 1;
    const bend = isLong && from.y === to.y ? rowHeight : 0;
    const dash = isVirtual ? ' stroke-dasharray="3 2"' : '';
    const path = `M${x1} ${from.y} Q${x} ${y + bend} ${x2} ${to.y}`;
    const label = `<text x="${x}" y="${y + bend / 2 + (isLong ? 10 : -3)}" fill="#222">${count}</text>`;
    return `<path d="${path}" fill="none" stroke="#777" marker-end="url(#end)"${dash}/>${label}`;
  });
  const boxes = [...places].map(([name, { x, y }]) => {
    const colour = colourOf(name);
    const box = `x="${x - boxWidth / 2}" y="${y - boxHeight / 2}" width="${boxWidth}" height="${boxHeight}"`;
    const look = colour === undefined ? 'fill="#fff" stroke="#777" stroke-dasharray="3 2"' : `fill="${colour}"`;
    const text = `<text x="${x}" y="${y + 4}" fill="${colour === undefined ? '#222' : '#fff'}">${name}</text>`;
    return `<rect ${box} rx="3" ${look}/>${text}`;
  });
  const all = [...places.values()];
  const width = Math.max(...all.map(({ x }) => x)) + boxWidth / 2 + 2;
  const height = Math.max(...all.map(({ y }) => y)) + boxHeight / 2 + 2;
  const head = '<path d="M0 0 6 3 0 6z" fill="#777"/>';
  const marker = `<marker id="end" refX="5" refY="3" markerWidth="6" markerHeight="6" orient="auto">${head}</marker>`;
  return `<svg width="${width}" height="${height}" font-size="11" text-anchor="middle"><defs>${marker}</defs>${arrows.join('')}${boxes.join('')}</svg>`;
}
