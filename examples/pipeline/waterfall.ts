// Draws one trace as a waterfall, with the time that messages spent waiting in queues.
import type { ReceivedSpan } from '../../integration-tests/support/otlp-decode.ts';

const barWidth = 32;

/** What is wrong with a trace that should be one unbroken whole; empty where nothing is. */
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

/** The lines of the drawing. */
export function waterfall(spans: readonly ReceivedSpan[]): string[] {
  const begin = Math.min(...spans.map(startOf));
  const total = Math.max(...spans.map(endOf)) - begin;
  const bar = (from: number, to: number, mark: string): string => {
    const at = Math.min(barWidth - 1, Math.floor(((from - begin) / total) * barWidth));
    const length = Math.max(1, Math.min(barWidth - at, Math.round(((to - from) / total) * barWidth)));
    return `${' '.repeat(at)}${mark.repeat(length)}`.padEnd(barWidth);
  };
  const rows: { service: string; name: string; from: number; to: number; mark: string }[] = [];
  const draw = (span: ReceivedSpan, depth: number): void => {
    const parent = spans.find((other) => other.spanId === span.parentSpanId);
    // From the send to the start of the processing: the time that the message was on its way, most of it in the queue.
    if (parent !== undefined && span.attributes['messaging.operation.type'] === 'process' && isSend(parent)) {
      const name = `${'  '.repeat(depth)}… in ${text(span.attributes['messaging.system.name'])}`;
      const from = startOf(parent);
      rows.push({ service: '', name, from, to: Math.max(from, startOf(span)), mark: '·' });
    }
    const name = `${'  '.repeat(depth)}${span.name}`;
    rows.push({ service: serviceOf(span), name, from: startOf(span), to: endOf(span), mark: '█' });
    const children = spans.filter((other) => other.parentSpanId === span.spanId);
    for (const child of children.toSorted((a, b) => startOf(a) - startOf(b))) draw(child, depth + 1);
  };
  for (const root of spans.filter((span) => !span.parentSpanId)) draw(root, 0);
  const serviceWidth = Math.max(...rows.map((row) => row.service.length));
  const nameWidth = Math.max(...rows.map((row) => row.name.length));
  return rows.map(({ service, name, from, to, mark }) => {
    const took = ((to - from) / 1e6).toFixed(1).padStart(7);
    return `${service.padEnd(serviceWidth)} ${name.padEnd(nameWidth)} ${bar(from, to, mark)} ${took} ms`;
  });
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

/** Nanoseconds, as a number: exact to a quarter of a microsecond, which no drawing shows. */
function startOf(span: ReceivedSpan): number {
  return Number(span.startTimeUnixNano);
}

function endOf(span: ReceivedSpan): number {
  return Number(span.endTimeUnixNano);
}
