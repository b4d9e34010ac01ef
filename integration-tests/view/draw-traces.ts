// Draws traces as Jaeger's page does, a tree of spans with their services and a bar of each on the time line, and the service graph.
import { counted } from '../../src/view/queries/durations.ts';
import type { ShownSpan } from '../backends/jaeger.ts';
import type { Edge } from '../backends/parenting/graph.ts';
import { drawGraph } from './draw-graph.ts';

/** A column of a picture: the traces of one run. */
export interface Column {
  readonly heading: string;
  readonly traces: readonly (readonly ShownSpan[])[];
  /** The service graph of the run. */
  readonly edges: readonly Edge[];
}

/** Of a larger trace, the rest is counted only. */
const maxRows = 9;
const colours = ['#1f6f8b', '#c2571a', '#3b7d3c', '#7b4ea3'];

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const serviceOf = ({ resource }: ShownSpan): string => String(resource['service.name']);
/** Destinations have a random suffix, so that runs do not meet. */
const nameOf = ({ name }: ShownSpan): string => name.replaceAll(/-[0-9a-f]{8}-[0-9a-f-]{27}/g, '');

/** The spans of a trace with their depth, each after its parent, in the order of their starts. */
export function treeOf(spans: readonly ShownSpan[]): { span: ShownSpan; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted((a, b) => Number(a.start - b.start));
  const below = (parentId: string | undefined, depth: number): { span: ShownSpan; depth: number }[] =>
    sorted
      .filter(({ parentSpanId }) => (parentId === undefined ? !ids.has(parentSpanId) : parentSpanId === parentId))
      .flatMap((span) => [{ span, depth }].concat(below(span.spanId, depth + 1)));
  return below(undefined, 0);
}

function linksOf({ links, parentSpanId }: ShownSpan): string {
  const others = links.filter(({ spanId }) => spanId !== parentSpanId).length;
  return others === 0 ? '' : ` <i>${counted(others, 'link')}</i>`;
}

function drawTrace(spans: readonly ShownSpan[], services: readonly string[]): string {
  const begin = Math.min(...spans.map(({ start }) => Number(start)));
  const whole = Math.max(1, Math.max(...spans.map(({ end }) => Number(end))) - begin);
  const rows = treeOf(spans);
  // A few more spans are shown rather than counted.
  const lines = rows.slice(0, rows.length > maxRows + 2 ? maxRows : maxRows + 2).map(({ span, depth }) => {
    const left = (100 * (Number(span.start) - begin)) / whole;
    const width = (100 * Number(span.end - span.start)) / whole;
    const colour = colours[services.indexOf(serviceOf(span)) % colours.length]!;
    const bar = `left:${left.toFixed(1)}%;width:${width.toFixed(1)}%;background:${colour}`;
    const name = `<b style="color:${colour}">${escape(serviceOf(span))}</b> ${escape(nameOf(span))}${linksOf(span)}`;
    return `<div class="span"><div class="name" style="padding-left:${depth * 11}px">${name}</div><div class="line"><div style="${bar}"></div></div></div>`;
  });
  const rest = rows.length - lines.length;
  const more = rest > 0 ? `<div class="more">and ${rest} more spans</div>` : '';
  const counts = `${counted(spans.length, 'span')}, ${new Set(spans.map(serviceOf)).size} of ${services.length} services, ${Math.round(whole / 1e6)} ms`;
  return `<div class="trace"><div class="head">${counts}</div>${lines.join('')}${more}</div>`;
}

/** A page with the columns side by side, each with its traces and below them its service graph, and the services in colours of their own. */
export function drawPage(columns: readonly Column[], services: readonly string[]): string {
  const colourOf = (name: string): string | undefined => colours[services.indexOf(name)];
  const body = columns.map(
    ({ heading, traces, edges }) =>
      `<section><h1>${escape(heading)}</h1>${traces.map((spans) => drawTrace(spans, services)).join('')}<div class="graph">${drawGraph(edges, colourOf)}</div></section>`,
  );
  return `<!doctype html><meta charset="utf-8"><style>
    body { margin: 0; padding: 8px; display: flex; gap: 8px; font: 11px "DejaVu Sans", sans-serif; background: #fff; color: #222; width: 1184px; -webkit-font-smoothing: none; }
    section { flex: 1; min-width: 0; }
    h1 { font-size: 13px; margin: 0 0 6px; }
    .trace { border: 1px solid #bbb; margin-bottom: 6px; }
    .head { background: #eee; padding: 2px 5px; }
    .span { display: flex; height: 16px; line-height: 16px; }
    .name { width: 62%; white-space: nowrap; overflow: hidden; text-indent: 5px; box-sizing: border-box; }
    .name i { color: #777; }
    .line { flex: 1; position: relative; margin-right: 5px; }
    .line div { position: absolute; top: 4px; height: 8px; min-width: 2px; }
    .graph { margin-top: 10px; }
    .more { padding: 1px 5px; color: #777; }
  </style>${body.join('')}`;
}
