// Reads traces from Jaeger's query service.
import { isRecord } from '../../common/check-options.ts';
import { ask } from './ask.ts';
import type { OtlpJsonTrace, TraceSource } from './trace-source.ts';

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const codes = ['UNSET', 'OK', 'ERROR'];

/** Jaeger, by the address of its query service, such as http://localhost:16686. */
export function jaegerSource(base: string): TraceSource {
  return {
    name: 'Jaeger',
    cannotTell:
      'Jaeger cannot find the traces that link to a trace: consumers with separate traces are missing unless their trace is imported, and their messages are reported as "not consumed". Jaeger does not store the flags of links.',
    async trace(traceId, signal) {
      const answer = await ask('Jaeger', base, `/api/v3/traces/${traceId}`, signal);
      // Falls back to the older API if the newer one is missing or lacks the trace.
      return (answer && ofVersion3(answer)) ?? ofVersion1(await ask('Jaeger', base, `/api/traces/${traceId}`, signal));
    },
  };
}

interface Span {
  kind?: number | string;
  status?: { code?: number | string };
  attributes?: { key: string }[];
}

/** Version 3 of the API answers with OTLP JSON, in which some versions of Jaeger write enumerations by name. */
function ofVersion3(answer: Record<string, unknown>): OtlpJsonTrace | undefined {
  const result = isRecord(answer['result']) ? answer['result'] : answer;
  const { resourceSpans } = result;
  if (!Array.isArray(resourceSpans) || resourceSpans.length === 0) return undefined;
  for (const { scopeSpans } of resourceSpans as { scopeSpans?: { spans?: Span[] }[] }[])
    for (const { spans } of scopeSpans ?? [])
      for (const span of spans ?? []) {
        span.kind = numbered(span.kind, kinds, 'SPAN_KIND_');
        if (span.status !== undefined) span.status.code = numbered(span.status.code, codes, 'STATUS_CODE_');
        // Added by Jaeger: the format in which it received a span.
        span.attributes = span.attributes?.filter(({ key }) => key !== 'internal.span.format') ?? [];
      }
  return { resourceSpans };
}

function numbered(value: number | string | undefined, names: readonly string[], prefix: string): number {
  return typeof value === 'string' ? Math.max(0, names.indexOf(value.replace(prefix, ''))) : (value ?? 0);
}

interface Tag {
  key: string;
  type?: string;
  value: unknown;
}
interface Version1Span {
  traceID: string;
  spanID: string;
  operationName: string;
  references?: { refType: string; traceID: string; spanID: string }[];
  startTime: number;
  duration: number;
  tags?: Tag[];
  processID: string;
}
interface Version1Trace {
  spans: Version1Span[];
  processes: Record<string, { serviceName: string; tags?: Tag[] }>;
}

/** Version 1 of the API has Jaeger's own format, with times in microseconds. */
function ofVersion1(answer: Record<string, unknown> | undefined): OtlpJsonTrace | undefined {
  const data = answer?.['data'];
  const [trace] = (Array.isArray(data) ? data : []) as Version1Trace[];
  if (trace === undefined || trace.spans.length === 0) return undefined;
  const resourceSpans = trace.spans.map((span) => {
    const { serviceName = '', tags = [] } = trace.processes[span.processID] ?? {};
    const attributes = [{ key: 'service.name', type: 'string', value: serviceName }, ...tags].map(attribute);
    return { resource: { attributes }, scopeSpans: [{ spans: [spanOfVersion1(span)] }] };
  });
  return { resourceSpans };
}

function spanOfVersion1(span: Version1Span): object {
  const { tags = [], references = [] } = span;
  const tag = (name: string): unknown => tags.find(({ key }) => key === name)?.value;
  const text = (name: string): string => {
    const value = tag(name);
    return typeof value === 'string' ? value : '';
  };
  const parent = references.find(({ refType, traceID }) => refType === 'CHILD_OF' && traceID === span.traceID);
  const kind = kinds.indexOf(text('span.kind').toUpperCase());
  const microseconds = (time: number): string => `${Math.round(time)}000`;
  return {
    traceId: span.traceID.padStart(32, '0'),
    spanId: span.spanID.padStart(16, '0'),
    parentSpanId: parent?.spanID.padStart(16, '0') ?? '',
    traceState: text('w3c.tracestate'),
    name: span.operationName,
    kind: Math.max(0, kind),
    startTimeUnixNano: microseconds(span.startTime),
    endTimeUnixNano: microseconds(span.startTime + span.duration),
    attributes: tags.filter(({ key }) => key !== 'span.kind' && key !== 'internal.span.format').map(attribute),
    links: references
      .filter((reference) => reference !== parent)
      .map(({ traceID, spanID }) => ({ traceId: traceID.padStart(32, '0'), spanId: spanID.padStart(16, '0') })),
    status: { code: tag('error') === true || tag('otel.status_code') === 'ERROR' ? 2 : 0 },
  };
}

function attribute({ key, type, value }: Tag): object {
  if (type === 'bool') return { key, value: { boolValue: value === true || value === 'true' } };
  if (type === 'int64') return { key, value: { intValue: String(value) } };
  if (type === 'float64') return { key, value: { doubleValue: Number(value) } };
  return { key, value: { stringValue: typeof value === 'string' ? value : JSON.stringify(value) } };
}
