// Decodes spans in either encoding of OTLP, as a collector would see them.
import { requestType } from './otlp-schema.ts';

/** An attribute's value in JavaScript; whole numbers beyond the safe range are bigints. */
export type ReceivedValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Buffer
  | ReceivedValue[]
  | { [key: string]: ReceivedValue };

export type ReceivedAttributes = Record<string, ReceivedValue>;

export type ReceivedKind = 'UNSPECIFIED' | 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';

export interface ReceivedLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: ReceivedAttributes;
  readonly flags: number;
}

export interface ReceivedEvent {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly attributes: ReceivedAttributes;
}

/** A span as a collector sees it, with ids in hex and its resource and scope. */
export interface ReceivedSpan {
  readonly resource: ReceivedAttributes;
  readonly scope: { readonly name: string; readonly version: string };
  readonly name: string;
  readonly kind: ReceivedKind;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** Trace flags in the low 8 bits; bits 8 and 9 tell whether the parent is known to be remote. */
  readonly flags: number;
  readonly attributes: ReceivedAttributes;
  readonly links: ReceivedLink[];
  readonly events: ReceivedEvent[];
  readonly startTimeUnixNano: bigint;
  readonly endTimeUnixNano: bigint;
  readonly status: { readonly code: 'UNSET' | 'OK' | 'ERROR'; readonly message: string };
  readonly droppedAttributesCount: number;
  readonly droppedEventsCount: number;
  readonly droppedLinksCount: number;
}

/** The common shape of both encodings: protobuf as decoded by protobufjs, or JSON. Bytes are Buffers or text. */
interface Request {
  resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { scope?: Scope; spans?: Span[] }[] }[];
}
type Bytes = Buffer | string;
type Long = string | number;
type Scope = { name?: string; version?: string };
type Status = { code?: number; message?: string };
export type KeyValue = { key: string; value?: AnyValue };
type Link = { traceId: Bytes; spanId: Bytes; traceState?: string; attributes?: KeyValue[]; flags?: number };
type Event = { name?: string; timeUnixNano?: Long; attributes?: KeyValue[] };
interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: Long;
  doubleValue?: number;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
  bytesValue?: Bytes;
}
interface Span {
  traceId: Bytes;
  spanId: Bytes;
  parentSpanId?: Bytes;
  traceState?: string;
  flags?: number;
  name?: string;
  kind?: number;
  startTimeUnixNano?: Long;
  endTimeUnixNano?: Long;
  attributes?: KeyValue[];
  links?: Link[];
  events?: Event[];
  status?: Status;
  droppedAttributesCount?: number;
  droppedEventsCount?: number;
  droppedLinksCount?: number;
}

/** Decodes an `ExportTraceServiceRequest` from protobuf. Throws if it is not one. */
export function decodeProtobuf(body: Buffer): ReceivedSpan[] {
  const message = requestType.decode(body);
  return flatten(requestType.toObject(message, { longs: String }));
}

/** Decodes an `ExportTraceServiceRequest` from OTLP's JSON. Throws if it is not one. */
export function decodeJson(body: Buffer): ReceivedSpan[] {
  return flatten(JSON.parse(body.toString()) as Request);
}

function flatten(request: Request): ReceivedSpan[] {
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) =>
    (scopeSpans ?? []).flatMap(({ scope, spans }) =>
      (spans ?? []).map((span) => toSpan(attributes(resource?.attributes), scope, span)),
    ),
  );
}

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const;
const statusCodes = ['UNSET', 'OK', 'ERROR'] as const;

function toSpan(resource: ReceivedAttributes, scope: Scope | undefined, span: Span): ReceivedSpan {
  return {
    resource,
    scope: { name: scope?.name ?? '', version: scope?.version ?? '' },
    name: span.name ?? '',
    kind: kinds[span.kind ?? 0] ?? 'UNSPECIFIED',
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: span.parentSpanId ? hex(span.parentSpanId) : '',
    traceState: span.traceState ?? '',
    flags: span.flags ?? 0,
    attributes: attributes(span.attributes),
    links: (span.links ?? []).map(toLink),
    events: (span.events ?? []).map(toEvent),
    startTimeUnixNano: BigInt(span.startTimeUnixNano ?? 0),
    endTimeUnixNano: BigInt(span.endTimeUnixNano ?? 0),
    status: { code: statusCodes[span.status?.code ?? 0] ?? 'UNSET', message: span.status?.message ?? '' },
    droppedAttributesCount: span.droppedAttributesCount ?? 0,
    droppedEventsCount: span.droppedEventsCount ?? 0,
    droppedLinksCount: span.droppedLinksCount ?? 0,
  };
}

function toLink(link: Link): ReceivedLink {
  const { traceState = '', flags = 0 } = link;
  return {
    traceId: hex(link.traceId),
    spanId: hex(link.spanId),
    traceState,
    attributes: attributes(link.attributes),
    flags,
  };
}

function toEvent(event: Event): ReceivedEvent {
  return {
    name: event.name ?? '',
    timeUnixNano: BigInt(event.timeUnixNano ?? 0),
    attributes: attributes(event.attributes),
  };
}

/** Attributes as plain values. */
export function attributes(pairs: KeyValue[] | undefined): ReceivedAttributes {
  return Object.fromEntries((pairs ?? []).map(({ key, value }) => [key, toValue(value)]));
}

function toValue(value: AnyValue | undefined): ReceivedValue {
  if (value?.stringValue !== undefined) return value.stringValue;
  if (value?.boolValue !== undefined) return value.boolValue;
  if (value?.doubleValue !== undefined) return value.doubleValue;
  if (value?.intValue !== undefined) {
    const number = Number(value.intValue);
    return Number.isSafeInteger(number) ? number : BigInt(value.intValue);
  }
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toValue);
  if (value?.kvlistValue !== undefined) return attributes(value.kvlistValue.values);
  if (value?.bytesValue !== undefined) return bytes(value.bytesValue, 'base64');
  return null;
}

/** Ids are hex in OTLP's JSON, unlike in protobuf's JSON mapping; other bytes are base64. */
function hex(value: Bytes): string {
  return bytes(value, 'hex').toString('hex');
}

function bytes(value: Bytes, encoding: 'hex' | 'base64'): Buffer {
  return typeof value === 'string' ? Buffer.from(value, encoding) : Buffer.from(value);
}
