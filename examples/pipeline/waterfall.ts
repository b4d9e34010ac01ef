// Draws one trace as a waterfall, with the time that messages spent waiting in queues.
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';

/** The width if there is no terminal. */
const usualWidth = 80;
const [narrowestBar, widestBar] = [12, 32];

/** The problems of a trace that should be complete; empty if there are none. */
export function flaws(spans: readonly ReceivedSpan[], services: readonly string[]): string[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const roots = spans.filter((span) => !span.parentSpanId);
  const orphans = spans.filter((span) => span.parentSpanId && !ids.has(span.parentSpanId));
  const missing = services.filter((service) => !spans.some((span) => serviceOf(span) === service));
  return [
    ...(roots.length === 1 ? [] : [`${roots.length} roots instead of one`]),
    ...orphans.map((span) => `the parent of "${span.name}" (${serviceOf(span)}) is missing`),
    ...missing.map((service) => `no span of ${service}`),
  ];
}

/** The lines of the drawing, none wider than `width` columns; long names are cut. */
export function waterfall(spans: readonly ReceivedSpan[], width: number = usualWidth): string[] {
  const begin = Math.min(...spans.map(startOf));
  const total = Math.max(...spans.map(endOf)) - begin;
  const bar = (from: number, to: number, mark: string, barWidth: number): string => {
    const at = Math.min(barWidth - 1, Math.floor(((from - begin) / total) * barWidth));
    const length = Math.max(1, Math.min(barWidth - at, Math.round(((to - from) / total) * barWidth)));
    return `${' '.repeat(at)}${mark.repeat(length)}`.padEnd(barWidth);
  };
  const rows: { service: string; name: string; from: number; to: number; mark: string }[] = [];
  const draw = (span: ReceivedSpan, depth: number): void => {
    const parent = spans.find((other) => other.spanId === span.parentSpanId);
    // The time from the send to the start of the processing, most of it in the queue.
    if (parent !== undefined && span.attributes['messaging.operation.type'] === 'process' && isSend(parent)) {
      const name = `${' '.repeat(depth)}… in ${text(span.attributes['messaging.system.name'])}`;
      const from = startOf(parent);
      rows.push({ service: '', name, from, to: Math.max(from, startOf(span)), mark: '·' });
    }
    const name = `${' '.repeat(depth)}${span.name}`;
    rows.push({ service: serviceOf(span), name, from: startOf(span), to: endOf(span), mark: '█' });
    const children = spans.filter((other) => other.parentSpanId === span.spanId);
    for (const child of children.toSorted((a, b) => startOf(a) - startOf(b))) draw(child, depth + 1);
  };
  for (const root of spans.filter((span) => !span.parentSpanId)) draw(root, 0);
  const serviceWidth = Math.max(...rows.map((row) => row.service.length));
  const longestName = Math.max(...rows.map((row) => row.name.length));
  // Three spaces, and the duration of a span.
  const forNameAndBar = width - serviceWidth - 3 - '12345.0 ms'.length;
  const barWidth = Math.min(widestBar, Math.max(narrowestBar, forNameAndBar - longestName));
  const nameWidth = Math.min(longestName, forNameAndBar - barWidth);
  return rows.map(({ service, name, from, to, mark }) => {
    const took = ((to - from) / 1e6).toFixed(1).padStart(7);
    return `${service.padEnd(serviceWidth)} ${cut(name, nameWidth).padEnd(nameWidth)} ${bar(from, to, mark, barWidth)} ${took} ms`;
  });
}

/** Names differ at their end, so the part before it is omitted. */
function cut(name: string, width: number): string {
  if (name.length <= width) return name;
  const start = Math.ceil((width - 1) / 2);
  return `${name.slice(0, start)}…${name.slice(name.length - (width - 1 - start))}`;
}

function isSend(span: ReceivedSpan): boolean {
  return ['send', 'create'].includes(text(span.attributes['messaging.operation.type']));
}

export function serviceOf(span: ReceivedSpan): string {
  return text(span.resource['service.name']);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Nanoseconds as a number, exact to a quarter of a microsecond. */
function startOf(span: ReceivedSpan): number {
  return Number(span.startTimeUnixNano);
}

function endOf(span: ReceivedSpan): number {
  return Number(span.endTimeUnixNano);
}
