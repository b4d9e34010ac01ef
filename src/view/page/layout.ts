/** A service or a destination, with the size of its box in pixels. */
export interface LayoutNode {
  id: string;
  width: number;
  height: number;
}

export interface LayoutEdge {
  from: string;
  to: string;
}

export interface Placed {
  x: number;
  y: number;
  width: number;
  height: number;
  /** Which of the bands, or in a vertical layout which row, the node is in. */
  band: number;
}

export interface Layout {
  direction: 'across' | 'down';
  width: number;
  height: number;
  nodes: Map<string, Placed>;
  /** The lower end of each band. */
  bands: number[];
}

const columnGap = 56;
const rowGap = 18;
const bandGap = 44;
/** What an edge that goes around takes beside the outermost nodes. */
const sideRoom = 34;
/** Narrower than this, the flow goes down. */
const narrow = 640;

/**
 * Places nodes in the order of flow. It depends on nodes, edges and width only, never on figures, so that nothing moves while it is
 * live. Where the flow is wider than the page it goes on in a further band below, or on narrow pages goes down; boxes never shrink.
 */
export function layout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], width: number): Layout {
  const ranks = inOrder(ranksOf(nodes, edges), edges);
  if (width < narrow) return down(ranks, width);
  const placed = across(ranks, width);
  return edges.some((edge) => goesAround(placed, edge)) ? withSides(across(ranks, width - 2 * sideRoom)) : placed;
}

/** Whether an edge leaves a node to the right and comes to another one from the left, below the band. */
function goesAround({ nodes }: Layout, { from, to }: LayoutEdge): boolean {
  const [a, b] = [nodes.get(from), nodes.get(to)];
  return a !== undefined && b !== undefined && (a.band !== b.band || b.x < a.x + a.width);
}

/** Makes room on both sides for the edges that go around, which would run off the page. */
function withSides(placed: Layout): Layout {
  for (const node of placed.nodes.values()) node.x += sideRoom;
  return { ...placed, width: placed.width + 2 * sideRoom };
}

/** Nodes by the number of steps before them; edges that close a loop do not count. */
function ranksOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): LayoutNode[][] {
  const known = new Set(nodes.map(({ id }) => id));
  const next = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { from, to } of edges) if (known.has(from) && known.has(to) && from !== to) next.get(from)!.push(to);
  const state = new Map<string, 'open' | 'done'>();
  const forward: LayoutEdge[] = [];
  const order: string[] = [];
  const hasSource = new Set(edges.map(({ to }) => to));
  const visit = (root: string): void => {
    const stack: { id: string; at: number }[] = [{ id: root, at: 0 }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const to = next.get(top.id)![top.at++];
      if (to === undefined) {
        state.set(top.id, 'done');
        order.push(top.id);
        stack.pop();
      } else if (state.get(to) !== 'open') {
        forward.push({ from: top.id, to });
        if (state.get(to) === undefined) {
          state.set(to, 'open');
          stack.push({ id: to, at: 0 });
        }
      }
    }
  };
  for (const { id } of nodes) if (!hasSource.has(id) && !state.has(id)) visit(id);
  for (const { id } of nodes) if (!state.has(id)) visit(id);
  const rank = new Map<string, number>(nodes.map(({ id }) => [id, 0]));
  const out = groupBy(forward);
  for (const id of order.toReversed())
    for (const to of out.get(id) ?? []) rank.set(to, Math.max(rank.get(to)!, rank.get(id)! + 1));
  // What nothing leads to stands just before what it leads to.
  const led = new Set(forward.map(({ to }) => to));
  for (const [id, targets] of out) if (!led.has(id)) rank.set(id, Math.min(...targets.map((to) => rank.get(to)!)) - 1);
  const ranks: LayoutNode[][] = [];
  for (const node of nodes) (ranks[rank.get(node.id)!] ??= []).push(node);
  return ranks.filter((each) => each !== undefined);
}

function groupBy(edges: readonly LayoutEdge[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { from, to } of edges) groups.set(from, [...(groups.get(from) ?? []), to]);
  return groups;
}

/** Orders each rank by where its neighbours are, to and fro. */
function inOrder(ranks: LayoutNode[][], edges: readonly LayoutEdge[]): LayoutNode[][] {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  let current = ranks;
  for (let sweep = 0; sweep < 4; sweep++) {
    const place = new Map<string, number>();
    for (const rank of current) for (const [at, { id }] of rank.entries()) place.set(id, (at + 0.5) / rank.length);
    current = current.map((rank) => {
      const keyed = rank.map((node, at) => {
        const around = (neighbours.get(node.id) ?? []).map((id) => place.get(id)).filter((each) => each !== undefined);
        const mean =
          around.length === 0 ? at / rank.length : around.reduce((sum, each) => sum + each, 0) / around.length;
        return { node, mean, at };
      });
      return keyed.toSorted((a, b) => a.mean - b.mean || a.at - b.at).map(({ node }) => node);
    });
  }
  return current;
}

function across(ranks: readonly LayoutNode[][], width: number): Layout {
  const nodes = new Map<string, Placed>();
  const bands: number[] = [];
  let top = 0;
  let widest = 0;
  let from = 0;
  while (from < ranks.length) {
    let until = from;
    let used = 0;
    while (until < ranks.length) {
      const column = Math.max(...ranks[until]!.map((node) => node.width)) + (until === from ? 0 : columnGap);
      if (until > from && used + column > width) break;
      used += column;
      until++;
    }
    const columns = ranks.slice(from, until);
    const heights = columns.map((column) => column.reduce((sum, { height }) => sum + height + rowGap, -rowGap));
    const tallest = Math.max(...heights);
    let x = 0;
    for (const [at, column] of columns.entries()) {
      const columnWidth = Math.max(...column.map((node) => node.width));
      let y = top + (tallest - heights[at]!) / 2;
      for (const node of column) {
        const { width, height } = node;
        nodes.set(node.id, { x: x + (columnWidth - width) / 2, y, width, height, band: bands.length });
        y += height + rowGap;
      }
      x += columnWidth + columnGap;
    }
    widest = Math.max(widest, x - columnGap);
    top += tallest;
    bands.push(top);
    top += bandGap;
    from = until;
  }
  return { direction: 'across', width: widest, height: Math.max(0, top - bandGap), nodes, bands };
}

function down(ranks: readonly LayoutNode[][], width: number): Layout {
  const nodes = new Map<string, Placed>();
  const bands: number[] = [];
  let y = 0;
  let widest = 0;
  for (const rank of ranks) {
    for (const row of rowsOf(rank, width)) {
      const rowWidth = row.reduce((sum, node) => sum + node.width + rowGap, -rowGap);
      const tallest = Math.max(...row.map(({ height }) => height));
      let x = Math.max(0, (width - rowWidth) / 2);
      for (const node of row) {
        nodes.set(node.id, { x, y, width: node.width, height: node.height, band: bands.length });
        x += node.width + rowGap;
      }
      widest = Math.max(widest, x - rowGap);
      y += tallest;
      bands.push(y);
      y += 34;
    }
  }
  return { direction: 'down', width: widest, height: Math.max(0, y - 34), nodes, bands };
}

function rowsOf(rank: readonly LayoutNode[], width: number): LayoutNode[][] {
  const rows: LayoutNode[][] = [];
  let used = 0;
  for (const node of rank) {
    const last = rows.at(-1);
    if (last !== undefined && used + rowGap + node.width <= width) {
      last.push(node);
      used += rowGap + node.width;
    } else {
      rows.push([node]);
      used = node.width;
    }
  }
  return rows;
}

/** The path of an edge; `lane` keeps edges that go around apart. */
export function edgePath(
  { direction, bands }: Pick<Layout, 'direction' | 'bands'>,
  from: Placed,
  to: Placed,
  fromY: number,
  toY: number,
  lane: number,
): string {
  if (direction === 'down') {
    const x1 = from.x + from.width / 2;
    const y1 = from.y + from.height;
    const x2 = to.x + to.width / 2;
    if (to.y >= y1) {
      const bend = (to.y - y1) / 2;
      return `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`;
    }
    // Back up, on the left side.
    const side = Math.max(2, Math.min(from.x, to.x) - 8 - lane * 4);
    const y2 = to.y + to.height / 2;
    return `M${from.x} ${from.y + from.height / 2}C${side} ${from.y + from.height / 2} ${side} ${y2} ${to.x} ${y2}`;
  }
  const x1 = from.x + from.width;
  const x2 = to.x;
  if (from.band === to.band && x2 >= x1) {
    const bend = Math.max(16, (x2 - x1) / 2);
    return `M${x1} ${fromY}C${x1 + bend} ${fromY} ${x2 - bend} ${toY} ${x2} ${toY}`;
  }
  // Around below the band, as for what goes on in the next band and for what goes back.
  const out = x1 + 12 + (lane % 5) * 4;
  const into = x2 - 9 - (lane % 3) * 3;
  const floor = bands[Math.min(from.band, to.band)]! + 12 + (lane % 6) * 4;
  const r = 5;
  const upOrDown = Math.sign(floor - fromY) * r;
  const last = Math.sign(toY - floor) * r;
  return (
    `M${x1} ${fromY}H${out - r}Q${out} ${fromY} ${out} ${fromY + upOrDown}V${floor - upOrDown}Q${out} ${floor} ${out - r} ${floor}` +
    `H${into + r}Q${into} ${floor} ${into} ${floor + last}V${toY - last}Q${into} ${toY} ${into + r} ${toY}H${x2}`
  );
}
