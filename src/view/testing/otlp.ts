// Builds OTLP requests from simple spans for tests.
import { randomBytes } from 'node:crypto';
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';

type TestValue = string | number | boolean | readonly string[];

/** A span of a test; times in milliseconds since the epoch. */
export interface TestSpan {
  traceId?: string;
  spanId?: string;
  parent?: string;
  name?: string;
  kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  start?: number;
  end?: number;
  /** Whether it failed; a text is its status message. */
  error?: boolean | string;
  traceState?: string;
  flags?: number;
  attributes?: Record<string, TestValue>;
  links?: { traceId?: string; spanId: string; flags?: number }[];
}

const kinds = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 };

export const spanId = (): string => randomBytes(8).toString('hex');
export const traceId = (): string => randomBytes(16).toString('hex');

/** Attributes in OTLP's JSON form. */
export function attributesOf(attributes: Record<string, TestValue> = {}): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: valueOf(value) }));
}

function valueOf(value: TestValue): unknown {
  if (typeof value === 'object') return { arrayValue: { values: value.map(valueOf) } };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** The spans of one service as an export request in OTLP's JSON form. */
export function jsonRequest(service: string, spans: readonly TestSpan[], scope = 'mqtrace'): unknown {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributesOf({ 'service.name': service }) },
        scopeSpans: [{ scope: { name: scope }, spans: spans.map(jsonSpan) }],
      },
    ],
  };
}

/** Like {@link jsonRequest}, in protobuf. */
export function request(service: string, spans: readonly TestSpan[], scope?: string): Buffer {
  return jsonToProtobuf('traces', jsonRequest(service, spans, scope));
}

function jsonSpan(span: TestSpan): unknown {
  const start = span.start ?? Date.now();
  return {
    traceId: span.traceId ?? traceId(),
    spanId: span.spanId ?? spanId(),
    parentSpanId: span.parent ?? '',
    traceState: span.traceState ?? '',
    name: span.name ?? 'span',
    kind: kinds[span.kind ?? 'internal'],
    flags: span.flags ?? 0x101,
    startTimeUnixNano: nanoseconds(start),
    endTimeUnixNano: nanoseconds(span.end ?? start + 1),
    attributes: attributesOf(span.attributes),
    links: (span.links ?? []).map(jsonLink),
    status: { code: span.error ? 2 : 0, ...(typeof span.error === 'string' && { message: span.error }) },
  };
}

function jsonLink(link: NonNullable<TestSpan['links']>[number]): unknown {
  return { traceId: traceId(), flags: 0x101, ...link };
}

function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1000)) * 1000n);
}
