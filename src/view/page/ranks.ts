// Orders services and destinations for the map: senders come before their targets.
import type { LayoutEdge, LayoutNode } from './layout.ts';

/**
 * The ranks of all nodes, in the order of flow. Services have even ranks, destinations odd ones. Edges that close a loop
 * are ignored. The order of the arguments has no effect.
 */
export function ranksOf(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): LayoutNode[][] {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const inside = edges.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const sorted = inside.toSorted((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
  const { forward, finished } = withoutLoops(nodes.map(({ id }) => id).toSorted(compare), sorted);
  const rank = new Map(nodes.map(({ id, isCard }) => [id, isCard ? 1 : 0]));
  // A destination that routes to another one leaves room for a service between them.
  const step = (from: string, to: string): number => (known.get(from)!.isCard === known.get(to)!.isCard ? 2 : 1);
  for (const id of finished.toReversed())
    for (const to of forward.get(id) ?? []) rank.set(to, Math.max(rank.get(to)!, rank.get(id)! + step(id, to)));
  // A node without incoming edges is placed just before its targets.
  const led = new Set([...forward.values()].flat());
  for (const [id, targets] of forward)
    if (!led.has(id)) rank.set(id, Math.min(...targets.map((to) => rank.get(to)! - step(id, to))));
  const ranks: LayoutNode[][] = [];
  for (const node of nodes.toSorted((a, b) => compare(a.id, b.id))) (ranks[rank.get(node.id)!] ??= []).push(node);
  return inOrder(
    ranks.filter((each) => each !== undefined),
    sorted,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The edges that do not close a loop, by their start, and all nodes in the postorder of a search from the sources. */
function withoutLoops(
  ids: readonly string[],
  edges: readonly LayoutEdge[],
): { forward: Map<string, string[]>; finished: string[] } {
  const next = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { from, to } of edges) next.get(from)!.push(to);
  const forward = new Map<string, string[]>();
  const finished: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const visit = (root: string): void => {
    const stack: { id: string; at: number }[] = [{ id: root, at: 0 }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const to = next.get(top.id)![top.at++];
      if (to === undefined) {
        state.set(top.id, 'done');
        finished.push(top.id);
        stack.pop();
      } else if (state.get(to) !== 'open') {
        const targets = forward.get(top.id);
        if (targets === undefined) forward.set(top.id, [to]);
        else targets.push(to);
        if (state.get(to) === undefined) {
          state.set(to, 'open');
          stack.push({ id: to, at: 0 });
        }
      }
    }
  };
  const hasSource = new Set(edges.map(({ to }) => to));
  for (const id of ids) if (!hasSource.has(id)) visit(id);
  for (const id of ids) if (!state.has(id)) visit(id);
  return { forward, finished };
}

/** Orders each rank by where its neighbours are, so that few edges cross. */
function inOrder(ranks: LayoutNode[][], edges: readonly LayoutEdge[]): LayoutNode[][] {
  const neighbours = new Map<string, string[]>(ranks.flat().map(({ id }) => [id, []]));
  for (const { from, to } of edges) {
    neighbours.get(from)!.push(to);
    neighbours.get(to)!.push(from);
  }
  let current = ranks;
  for (let sweep = 0; sweep < 4; sweep++) {
    const place = new Map<string, number>();
    for (const rank of current) for (const [at, { id }] of rank.entries()) place.set(id, (at + 0.5) / rank.length);
    current = current.map((rank) => {
      const keyed = rank.map((node, at) => {
        const around = neighbours.get(node.id)!.map((id) => place.get(id)!);
        return { node, mean: around.length === 0 ? (at + 0.5) / rank.length : meanOf(around), at };
      });
      return keyed.toSorted((a, b) => a.mean - b.mean || a.at - b.at).map(({ node }) => node);
    });
  }
  return current;
}

/** The mean of some numbers, exactly the same for any order of them. */
export function meanOf(numbers: readonly number[]): number {
  // The rounding of a sum depends on the order.
  const ordered = numbers.toSorted((a, b) => a - b);
  return ordered.reduce((sum, each) => sum + each, 0) / numbers.length;
}
