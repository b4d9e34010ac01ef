// Places services and destinations on the map, in the order of flow.
import { meanOf, ranksOf } from './ranks.ts';

/** A service or a destination, with the size of its box in pixels. */
export interface LayoutNode {
  id: string;
  isCard: boolean;
  width: number;
  height: number;
  /** The distance from its top at which edges meet it. */
  port: number;
}

export interface LayoutEdge {
  from: string;
  to: string;
}

/** A box on the map. A service has one beside each destination that it sends to or consumes from. */
export interface Box extends LayoutNode {
  x: number;
  y: number;
  /** Whether the service is also drawn elsewhere. */
  again: boolean;
}

/** An edge between two adjacent boxes. */
export interface PlacedEdge<Edge extends LayoutEdge> {
  edge: Edge;
  from: Box;
  to: Box;
}

export interface Layout<Edge extends LayoutEdge> {
  direction: 'across' | 'down';
  width: number;
  height: number;
  boxes: Box[];
  edges: PlacedEdge<Edge>[];
}

const columnGap = 48;
const cardGap = 18;
const serviceGap = 12;
const bandGap = 40;
const downGap = 34;
/** Maximum number of destinations in one column; with more, the services beside them would be off the screen. */
const tallest = 4;
/** On pages narrower than this, the flow runs from top to bottom. */
const narrow = 640;

/** Nodes side by side: services, or destinations. */
type Line = LayoutNode[];

/**
 * Places nodes in the order of flow. It depends only on nodes, edges and width, not on measured values, so that nothing moves
 * during live updates. A flow that is wider than the page continues in another band below, or runs from top to bottom on narrow
 * pages; boxes never shrink.
 * An edge never goes around or behind a box: the service at its other end is drawn again, next to the destination.
 */
export function layout<Edge extends LayoutEdge>(
  nodes: readonly LayoutNode[],
  edges: readonly Edge[],
  width: number,
): Layout<Edge> {
  const neighbours = neighboursOf(nodes, edges);
  const layers = ranksOf(nodes, edges)
    .filter(([first]) => first!.isCard)
    .flatMap((layer) => chunksOf(layer, tallest));
  const bands = width < narrow ? undefined : bandsOf(layers, neighbours, width);
  const boxes = bands === undefined ? down(layers, neighbours, width) : across(bands, edges, neighbours.widest, width);
  markAgain(boxes.flat(2), edges);
  const flat = boxes.flat(2);
  return {
    direction: bands === undefined ? 'down' : 'across',
    width: Math.max(0, ...flat.map((box) => box.x + box.width)),
    height: Math.max(0, ...flat.map((box) => box.y + box.height)),
    boxes: flat,
    edges: boxes.flatMap((band) => edgesWithin(band, edges)),
  };
}

/** Pieces of about the same length. */
function chunksOf(line: Line, most: number): Line[] {
  const pieces = Math.ceil(line.length / most);
  return Array.from({ length: pieces }, (_, at) =>
    line.slice(Math.round((at * line.length) / pieces), Math.round(((at + 1) * line.length) / pieces)),
  );
}

interface Neighbours {
  /** The services that send to some destinations, or that consume from them. */
  before: (cards: Line) => Line;
  behind: (cards: Line) => Line;
  /** The width of the widest service. */
  widest: number;
}

function neighboursOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Neighbours {
  const services = nodes.filter(({ isCard }) => !isCard).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const touching = (cards: Line, end: 'from' | 'to', other: 'from' | 'to'): Line => {
    const ids = new Set(cards.map(({ id }) => id));
    const found = new Set(edges.filter((edge) => ids.has(edge[end])).map((edge) => edge[other]));
    return services.filter(({ id }) => found.has(id));
  };
  return {
    before: (cards) => touching(cards, 'to', 'from'),
    behind: (cards) => touching(cards, 'from', 'to'),
    widest: Math.max(0, ...services.map(({ width }) => width)),
  };
}

const both = (a: Line, b: Line): Line => [...new Set([...a, ...b])];
/** The width of a column: the same for all columns of services, so that the destinations of all bands stand below each other. */
function columnWidth(line: Line, widest: number): number {
  if (line.length === 0) return 0;
  return line[0]!.isCard ? Math.max(...line.map(({ width }) => width)) : widest;
}

function widthOf(columns: readonly Line[], widest: number): number {
  const widths = columns.map((line) => columnWidth(line, widest)).filter((width) => width > 0);
  return widths.reduce((sum, width) => sum + width + columnGap, -columnGap);
}

/** The columns of each band; undefined if a destination with its services is wider than the page. */
function bandsOf(layers: readonly Line[], neighbours: Neighbours, width: number): Line[][] | undefined {
  const { before, behind, widest } = neighbours;
  const bands: Line[][] = [];
  for (const layer of layers) {
    const last = bands.at(-1);
    const longer = last && [...last.slice(0, -1), both(last.at(-1)!, before(layer)), layer, behind(layer)];
    const alone = [before(layer), layer, behind(layer)];
    if (longer !== undefined && widthOf(longer, widest) <= width) bands[bands.length - 1] = longer;
    else if (widthOf(alone, widest) <= width) bands.push(alone);
    else return undefined;
  }
  return bands;
}

function across(bands: readonly Line[][], edges: readonly LayoutEdge[], widest: number, pageWidth: number): Box[][][] {
  const starts = bands.some(([first]) => first!.length > 0) ? widest + columnGap : 0;
  let top = 0;
  return bands.map((band) => {
    // If no sender is known, its place stays empty, if there is room.
    let x = band[0]!.length === 0 && widthOf(band, widest) + starts <= pageWidth ? starts : 0;
    const columns = band.map((line) => {
      const width = columnWidth(line, widest);
      const boxes = stack(line, x, width);
      if (width > 0) x += width + columnGap;
      return boxes;
    });
    for (const [at, column] of columns.entries()) {
      if (column[0]?.isCard === false)
        alignServices(column, [...(columns[at - 1] ?? []), ...(columns[at + 1] ?? [])], edges);
    }
    const flat = columns.flat();
    const shift = top - Math.min(...flat.map(({ y }) => y));
    for (const box of flat) box.y += shift;
    top = Math.max(...flat.map((box) => box.y + box.height)) + bandGap;
    return columns;
  });
}

/** Stacks boxes with the mean of their ports at 0, so that successive boxes are in one line. */
function stack(line: Line, x: number, width: number): Box[] {
  let y = 0;
  const boxes = line.map((node) => {
    const box = { ...node, x: x + (width - node.width) / 2, y, again: false };
    y += node.height + (node.isCard ? cardGap : serviceGap);
    return box;
  });
  if (boxes.length === 0) return boxes;
  const mean = meanOf(boxes.map((box) => box.y + box.port));
  for (const box of boxes) box.y -= mean;
  return boxes;
}

/** Moves services to the height of what they are connected with, as far as they do not overlap. */
function alignServices(services: Box[], cards: readonly Box[], edges: readonly LayoutEdge[]): void {
  const heights = new Map(cards.map((box) => [box.id, box.y + box.port]));
  const wanted = new Map<Box, number>();
  for (const box of services) {
    const around = edges.flatMap(({ from, to }) => (from === box.id ? [to] : to === box.id ? [from] : []));
    const found = around.map((id) => heights.get(id)).filter((height) => height !== undefined);
    wanted.set(box, (found.length === 0 ? 0 : meanOf(found)) - box.port);
  }
  services.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
  let free = -Infinity;
  for (const box of services) {
    box.y = Math.max(wanted.get(box)!, free);
    free = box.y + box.height + serviceGap;
  }
  const shift = meanOf(services.map((box) => wanted.get(box)! - box.y));
  for (const box of services) box.y += shift;
}

function down(layers: readonly Line[], { before, behind }: Neighbours, width: number): Box[][][] {
  const cardLines = layers.flatMap((layer) => wrapped(layer, width));
  const lines: Line[] = [];
  for (const [at, line] of cardLines.entries()) {
    const previous = cardLines[at - 1];
    lines.push(both(previous === undefined ? [] : behind(previous), before(line)), line);
  }
  if (cardLines.length > 0) lines.push(behind(cardLines.at(-1)!));
  let y = 0;
  const placed = lines.map((line) => {
    const boxes: Box[] = [];
    for (const row of wrapped(line, width)) {
      const gap = row[0]!.isCard ? cardGap : serviceGap;
      let x = Math.max(0, (width - row.reduce((sum, node) => sum + node.width + gap, -gap)) / 2);
      for (const node of row) {
        boxes.push({ ...node, x, y, again: false });
        x += node.width + gap;
      }
      y += Math.max(...row.map(({ height }) => height)) + serviceGap;
    }
    if (boxes.length > 0) y += downGap - serviceGap;
    return boxes;
  });
  return [placed];
}

function wrapped(line: Line, width: number): Line[] {
  const rows: Line[] = [];
  let used = 0;
  for (const node of line) {
    const gap = node.isCard ? cardGap : serviceGap;
    const last = rows.at(-1);
    if (last !== undefined && used + gap + node.width <= width) {
      last.push(node);
      used += gap + node.width;
    } else {
      rows.push([node]);
      used = node.width;
    }
  }
  return rows;
}

/** The main box of a service is at the first destination that it consumes from, else at the first that it sends to. */
function markAgain(boxes: readonly Box[], edges: readonly LayoutEdge[]): void {
  const consumes = new Set(edges.map(({ to }) => to));
  const home = new Map<string, Box>();
  let cards = new Set<string>();
  for (const box of boxes) {
    if (box.isCard) cards = new Set([...cards, box.id]);
    const consumesHere = edges.some(({ from, to }) => to === box.id && cards.has(from));
    if (!home.has(box.id) && (!consumes.has(box.id) || consumesHere)) home.set(box.id, box);
  }
  for (const box of boxes) box.again = !box.isCard && home.get(box.id) !== box;
}

function edgesWithin<Edge extends LayoutEdge>(band: readonly Box[][], edges: readonly Edge[]): PlacedEdge<Edge>[] {
  return band.slice(1).flatMap((line, at) => {
    const from = new Map(band[at]!.map((box) => [box.id, box]));
    const to = new Map(line.map((box) => [box.id, box]));
    return edges.flatMap((edge) => {
      const [start, end] = [from.get(edge.from), to.get(edge.to)];
      return start === undefined || end === undefined ? [] : [{ edge, from: start, to: end }];
    });
  });
}

/** The path of an edge from a box to its neighbour. */
export function edgePath(direction: Layout<LayoutEdge>['direction'], from: Box, to: Box, fromY: number): string {
  if (direction === 'down') {
    const [x1, y1] = [from.x + from.width / 2, from.y + from.height];
    const x2 = to.x + to.width / 2;
    const bend = (to.y - y1) / 2;
    return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`;
  }
  const x1 = from.x + from.width;
  const toY = to.y + to.port;
  const bend = (to.x - x1) / 2;
  return `M${x1} ${fromY}C${x1 + bend} ${fromY} ${to.x - bend} ${toY} ${to.x} ${toY}`;
}
