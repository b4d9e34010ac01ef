// The map of services and destinations.
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { duration } from '../queries/durations.ts';
import type { ConsumerRow, MapAnswer } from '../queries/types.ts';
import { Card } from './card.tsx';
import { Details } from './details.tsx';
import {
  boxes,
  cardId,
  type FlowEdge,
  type Graph,
  graphOf,
  headMiddle,
  rankedWaits,
  rowMiddle,
  serviceId,
  shownRows,
} from './graph.ts';
import { edgePath, layout } from './layout.ts';
import { WaitsList } from './waits-list.tsx';

/** Above this, a drawing of everything shows nothing. */
const largestDrawing = 20;

export function MapView({ map }: { map: MapAnswer }): VNode {
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const [focus, setFocus] = useState<number | undefined>(undefined);
  const [whole, setWhole] = useState(false);
  const waits = useMemo(() => rankedWaits(map), [map]);
  const all = useMemo(() => graphOf(map), [map]);
  const isLarge = all.total > largestDrawing;
  const drawsWhole = !isLarge || whole;
  const found = waits.find(({ row }) => row.id === chosen);
  const around = drawsWhole ? undefined : (waits.find(({ row }) => row.id === focus) ?? waits[0]);
  const graph = useMemo(() => (around === undefined ? all : graphOf(map, around)), [map, around?.row.id]);
  const choose = (row: ConsumerRow): void => setChosen(row.id === chosen ? undefined : row.id);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') setChosen(undefined);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <div class={isLarge ? 'map large' : 'map'}>
      {isLarge && (
        <WaitsList
          waits={waits}
          axis={map.axis}
          chosen={around?.row.id}
          onChoose={(row) => {
            setFocus(row.id);
            setWhole(false);
          }}
        />
      )}
      <div class="drawing">
        <p class="legend">
          {around !== undefined ? (
            <>
              around <b>{around.card.name}</b> for <b>{around.row.service}</b>: two hops before it and one behind (
              {graph.services.length + graph.cards.length} of {all.total} nodes){' '}
              <button type="button" class="link" onClick={() => setWhole(true)}>
                draw all
              </button>
            </>
          ) : (
            <>
              waits on one scale, {duration(map.axis.from)} to {duration(map.axis.to)}; ▲ marks the 95th percentile;
              dotted lines are consumers
            </>
          )}
        </p>
        <Flow graph={graph} map={map} chosen={found?.row.id ?? around?.row.id} onChoose={choose} />
      </div>
      {found !== undefined && <Details wait={found} onClose={() => setChosen(undefined)} />}
    </div>
  );
}

function Flow(props: {
  graph: Graph;
  map: MapAnswer;
  chosen: number | undefined;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { graph, map, chosen, onChoose } = props;
  const [width, setWidth] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  // The figures are no part of this: nothing moves while they change.
  const nodes = boxes(graph);
  const shape = JSON.stringify([nodes, graph.edges.map(({ from, to }) => [from, to]), width]);
  const placed = useMemo(() => layout(nodes, graph.edges, Math.max(width, 280)), [shape]);
  const fastest = Math.max(...graph.edges.map(({ rate }) => rate), 1e-9);
  return (
    <div ref={box} class="flow" style={{ height: `${placed.height + 40}px` }}>
      {width > 0 && (
        <>
          <svg class="edges" width={Math.max(placed.width, width)} height={placed.height + 40} aria-hidden="true">
            {graph.edges.map((edge, at) => (
              <Edge
                key={`${edge.from} ${edge.to} ${edge.row}`}
                edge={edge}
                at={at}
                graph={graph}
                placed={placed}
                share={edge.rate / fastest}
              />
            ))}
          </svg>
          {graph.services.map((name) => {
            const { x, y, width, height } = placed.nodes.get(serviceId(name))!;
            return (
              <div
                class="service"
                key={name}
                title={name}
                style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }}
              >
                {name}
              </div>
            );
          })}
          {graph.cards.map((card) => {
            const { x, y, width, height } = placed.nodes.get(cardId(card.id))!;
            return (
              <div
                class="place"
                key={card.id}
                style={{ left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` }}
              >
                <Card
                  card={card}
                  rows={shownRows(graph, card)}
                  hiddenConsumers={graph.hidden.get(card.id)?.consumers ?? 0}
                  axis={map.axis}
                  worst={map.worst}
                  chosen={chosen}
                  onChoose={onChoose}
                />
              </div>
            );
          })}
        </>
      )}
    </div>
  );
}

function Edge(props: {
  edge: FlowEdge;
  at: number;
  graph: Graph;
  placed: ReturnType<typeof layout>;
  share: number;
}): VNode | null {
  const { edge, at, graph, placed, share } = props;
  const from = placed.nodes.get(edge.from);
  const to = placed.nodes.get(edge.to);
  if (from === undefined || to === undefined) return null;
  const card = graph.cards.find(({ id }) => cardId(id) === edge.from);
  const row = card === undefined || edge.row < 0 ? -1 : shownRows(graph, card).indexOf(card.consumers[edge.row]!);
  const fromY =
    row >= 0
      ? from.y + rowMiddle(row)
      : from.y + Math.min(from.height / 2, edge.from.startsWith('d:') ? headMiddle : from.height / 2);
  const toY = edge.to.startsWith('d:') ? to.y + headMiddle : to.y + to.height / 2;
  return (
    <path
      class={`edge ${edge.kind}${edge.failing ? ' failing' : ''}`}
      d={edgePath(placed, from, to, fromY, toY, at)}
      style={{ strokeWidth: `${(1.5 + 3 * Math.sqrt(Math.max(0, share))).toFixed(1)}px` }}
    />
  );
}
