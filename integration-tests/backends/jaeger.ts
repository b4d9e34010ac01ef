import type { HrTime } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** A span in the form of Jaeger's API: links without attributes, lists as JSON text, times in nanoseconds. */
export interface ShownSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly events: readonly { time: bigint; name: string; attributes: Readonly<Record<string, Value>> }[];
  readonly links: readonly { traceId: string; spanId: string }[];
  readonly status: { readonly code: number; readonly message: string };
  readonly scope: { readonly name: string; readonly version: string };
  readonly resource: Readonly<Record<string, Value>>;
}

type Value = string | number | boolean;

interface JsonValue {
  readonly stringValue?: string;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly JsonValue[] };
}

type JsonAttributes = readonly { readonly key: string; readonly value: JsonValue }[];

interface JsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  readonly kind?: number | string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: JsonAttributes;
  readonly events?: readonly { timeUnixNano: string; name: string; attributes?: JsonAttributes }[];
  readonly links?: readonly { traceId: string; spanId: string }[];
  readonly status?: { readonly code?: number | string; readonly message?: string };
}

interface Answer {
  readonly result: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes?: JsonAttributes };
      readonly scopeSpans: readonly {
        readonly scope: { name: string; version?: string };
        readonly spans: JsonSpan[];
      }[];
    }[];
  };
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const codes = ['UNSET', 'OK', 'ERROR'];

/** Enumerations are numbers or names, depending on Jaeger's version. */
function numbered(value: number | string | undefined, names: readonly string[], prefix: string): number {
  return typeof value === 'string' ? names.indexOf(value.replace(prefix, '')) : (value ?? 0);
}

function plain(value: JsonValue): Value {
  if (value.arrayValue !== undefined) return JSON.stringify((value.arrayValue.values ?? []).map(plain));
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? '';
}

function record(attributes: JsonAttributes = []): Record<string, Value> {
  // Added by Jaeger: the format in which it received the span.
  const own = attributes.filter(({ key }) => key !== 'internal.span.format');
  return Object.fromEntries(own.map(({ key, value }) => [key, plain(value)]));
}

/** A trace from Jaeger's query API. @throws Error if it does not exist. */
export async function queryTrace(jaeger: string, traceId: string): Promise<ShownSpan[]> {
  const answer = await fetch(`${jaeger}/api/v3/traces/${traceId}`);
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  const { resourceSpans } = ((await answer.json()) as Answer).result;
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? '',
        traceState: span.traceState ?? '',
        name: span.name,
        kind: numbered(span.kind, kinds, 'SPAN_KIND_'),
        start: BigInt(span.startTimeUnixNano),
        end: BigInt(span.endTimeUnixNano),
        attributes: record(span.attributes),
        events: (span.events ?? []).map(({ timeUnixNano, name, attributes }) => ({
          time: BigInt(timeUnixNano),
          name,
          attributes: record(attributes),
        })),
        links: (span.links ?? []).map(({ traceId, spanId }) => ({ traceId, spanId })),
        status: {
          code: numbered(span.status?.code, codes, 'STATUS_CODE_'),
          message: span.status?.message ?? '',
        },
        scope: { name: scope.name, version: scope.version ?? '' },
        resource: record(resource.attributes),
      })),
    ),
  );
}

const nanos = ([seconds, rest]: HrTime): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(rest);

function shown(attributes: ReadableSpan['attributes']): Record<string, Value> {
  const entries = Object.entries(attributes);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : (value ?? '')]),
  );
}

/** The span that Jaeger is expected to show for a span of the application. */
export function expectedSpan(span: ReadableSpan): ShownSpan {
  const { traceId, spanId, traceState } = span.spanContext();
  const { name, version = '' } = span.instrumentationScope;
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? '',
    traceState: traceState?.serialize() ?? '',
    name: span.name,
    kind: span.kind + 1,
    start: nanos(span.startTime),
    end: nanos(span.endTime),
    attributes: shown(span.attributes),
    events: span.events.map(({ time, name, attributes = {} }) => ({
      time: nanos(time),
      name,
      attributes: shown(attributes),
    })),
    links: span.links.map(({ context }) => ({ traceId: context.traceId, spanId: context.spanId })),
    status: { code: span.status.code, message: span.status.message ?? '' },
    scope: { name, version },
    resource: shown(span.resource.attributes),
  };
}
