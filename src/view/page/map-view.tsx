// The map of services and destinations.
import type { VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ConsumerRow, MapAnswer } from '../queries/types.ts';
import { Card } from './card.tsx';
import { Details } from './details.tsx';
import {
  cardId,
  type FlowEdge,
  type Graph,
  graphOf,
  nodesOf,
  noteOf,
  rankedWaits,
  rowMiddle,
  serviceId,
  shownRows,
} from './graph.ts';
import { edgePath, layout, type PlacedEdge } from './layout.ts';
import { Legend } from './legend.tsx';
import { WaitsList } from './waits-list.tsx';

/** With more nodes than this, a drawing of all of them is unreadable. */
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
    <div class={`map${isLarge ? ' large' : ''}${found === undefined ? '' : ' has-details'}`}>
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
        {around !== undefined ? (
          <p class="around">
            Around <b>{around.card.name}</b> → <b>{around.row.service}</b>: {graph.services.length} of{' '}
            {all.services.length} services, {graph.cards.length} of {all.cards.length} destinations.{' '}
            <button type="button" class="link" onClick={() => setWhole(true)}>
              Draw all
            </button>
          </p>
        ) : (
          isLarge && (
            <p class="around">
              All {all.services.length} services and {all.cards.length} destinations. Choose a wait to see what is
              around it.
            </p>
          )
        )}
        <Legend axis={map.axis} />
        <Flow
          graph={graph}
          map={map}
          chosen={found?.row.id ?? around?.row.id}
          opened={found?.row.id}
          onChoose={choose}
        />
      </div>
      {found !== undefined && <Details wait={found} onClose={() => setChosen(undefined)} />}
    </div>
  );
}

function Flow(props: {
  graph: Graph;
  map: MapAnswer;
  chosen: number | undefined;
  /** The row whose details are open. */
  opened: number | undefined;
  onChoose: (row: ConsumerRow) => void;
}): VNode {
  const { graph, map, chosen, opened, onChoose } = props;
  const [width, setWidth] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    // The width without the details: the map does not move when they open, it scrolls.
    observer.observe(box.current!.parentElement!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (opened === undefined) return;
    const card = box.current!.querySelector('.row[aria-pressed=true]')?.closest('.place');
    card?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [opened]);
  // Measured values are not included, so that nothing moves when they change.
  const nodes = nodesOf(graph);
  const shape = JSON.stringify([nodes, graph.edges.map(keyOf).toSorted(), width]);
  const placed = useMemo(() => layout(nodes, graph.edges, Math.max(width, 280)), [shape]);
  const current = new Map(graph.edges.map((edge) => [keyOf(edge), edge]));
  const cards = new Map(graph.cards.map((card) => [cardId(card.id), card]));
  const fastest = Math.max(...graph.edges.map(({ rate }) => rate), 1e-9);
  return (
    <div ref={box} class="scroller">
      <div class="flow" style={{ width: `${Math.max(placed.width, width)}px`, height: `${placed.height}px` }}>
        {width > 0 && (
          <>
            <svg class="edges" width={Math.max(placed.width, width)} height={placed.height} aria-hidden="true">
              {placed.edges.map((each, at) => {
                const edge = current.get(keyOf(each.edge)) ?? each.edge;
                const card = cards.get(edge.from);
                const row = card === undefined ? -1 : shownRows(graph, card).findIndex(({ id }) => id === edge.row);
                return (
                  <Edge
                    key={`${keyOf(edge)} ${at}`}
                    placed={{ ...each, edge }}
                    direction={placed.direction}
                    row={row}
                    share={edge.rate / fastest}
                  />
                );
              })}
            </svg>
            {placed.boxes.map(({ id, isCard, again, x, y, width, height }, at) => {
              const place = { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
              if (!isCard) {
                const name = id.slice(serviceId('').length);
                return (
                  <div
                    class={again ? 'service again' : 'service'}
                    key={`${id} ${at}`}
                    title={again ? `${name}, which is drawn elsewhere, too` : name}
                    style={place}
                  >
                    <span>{name}</span>
                  </div>
                );
              }
              const card = cards.get(id)!;
              return (
                <div class="place" key={id} style={place}>
                  <Card
                    card={card}
                    rows={shownRows(graph, card)}
                    note={noteOf(graph, card)}
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
    </div>
  );
}

const keyOf = ({ from, to, row }: FlowEdge): string => `${from} ${to} ${row}`;

function Edge(props: {
  placed: PlacedEdge<FlowEdge>;
  direction: 'across' | 'down';
  /** Which of the shown rows the edge leaves; -1 for none. */
  row: number;
  share: number;
}): VNode {
  const { edge, from, to } = props.placed;
  const fromY = from.y + (props.row < 0 ? from.port : rowMiddle(props.row));
  return (
    <path
      class={`edge ${edge.kind}${edge.failing ? ' failing' : ''}`}
      d={edgePath(props.direction, from, to, fromY)}
      style={{ strokeWidth: `${(1.5 + 3 * Math.sqrt(Math.max(0, props.share))).toFixed(1)}px` }}
    />
  );
}
