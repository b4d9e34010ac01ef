// Converts an encoded OTLP request to OTLP's JSON form.
import { ProtobufReader } from '../common/protobuf-reader.ts';

/** AnyValue in OTLP's JSON form. @internal */
export interface JsonValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number | string;
  arrayValue?: { values: JsonValue[] };
  kvlistValue?: { values: JsonAttribute[] };
  bytesValue?: string;
}

/** KeyValue in OTLP's JSON form. @internal */
export interface JsonAttribute {
  key: string;
  value: JsonValue;
}

/** Span.Event in OTLP's JSON form. @internal */
export interface JsonEvent {
  timeUnixNano: string;
  name: string;
  attributes: JsonAttribute[];
  droppedAttributesCount: number;
}

/** Span.Link in OTLP's JSON form. @internal */
export interface JsonLink {
  traceId: string;
  spanId: string;
  traceState?: string;
  attributes: JsonAttribute[];
  droppedAttributesCount: number;
  flags: number;
}

/** Span in OTLP's JSON form. @internal */
export interface JsonSpan {
  traceId: string;
  spanId: string;
  traceState?: string;
  parentSpanId?: string;
  flags: number;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: JsonAttribute[];
  droppedAttributesCount: number;
  events: JsonEvent[];
  droppedEventsCount: number;
  links: JsonLink[];
  droppedLinksCount: number;
  status: { message?: string; code: number };
}

/** ScopeSpans in OTLP's JSON form. @internal */
export interface JsonScopeSpans {
  scope: { name: string; version?: string; attributes?: JsonAttribute[]; droppedAttributesCount?: number };
  spans: JsonSpan[];
  schemaUrl?: string;
}

/** ResourceSpans in OTLP's JSON form. @internal */
export interface JsonResourceSpans {
  resource: { attributes: JsonAttribute[]; droppedAttributesCount: number };
  scopeSpans: JsonScopeSpans[];
  schemaUrl?: string;
}

function readValue(reader: ProtobufReader): JsonValue {
  const value: JsonValue = {};
  while (reader.next()) {
    if (reader.field === 1) value.stringValue = reader.string();
    else if (reader.field === 2) value.boolValue = reader.varint() !== 0;
    else if (reader.field === 3) value.intValue = reader.int64().toString();
    else if (reader.field === 4) {
      const double = reader.double();
      // JSON cannot represent these numbers; the JSON mapping of protobuf uses names.
      value.doubleValue = Number.isFinite(double) ? double : String(double);
    } else if (reader.field === 5) {
      const values: JsonValue[] = [];
      const list = reader.message();
      while (list.next()) values.push(readValue(list.message()));
      value.arrayValue = { values };
    } else if (reader.field === 6) {
      const values: JsonAttribute[] = [];
      const list = reader.message();
      while (list.next()) values.push(readAttribute(list.message()));
      value.kvlistValue = { values };
    } else if (reader.field === 7) value.bytesValue = reader.bytes().toString('base64');
    else reader.skip();
  }
  return value;
}

function readAttribute(reader: ProtobufReader): JsonAttribute {
  const attribute: JsonAttribute = { key: '', value: {} };
  while (reader.next()) {
    if (reader.field === 1) attribute.key = reader.string();
    else if (reader.field === 2) attribute.value = readValue(reader.message());
    else reader.skip();
  }
  return attribute;
}

function readEvent(reader: ProtobufReader): JsonEvent {
  const event: JsonEvent = { timeUnixNano: '0', name: '', attributes: [], droppedAttributesCount: 0 };
  while (reader.next()) {
    if (reader.field === 1) event.timeUnixNano = reader.fixed64().toString();
    else if (reader.field === 2) event.name = reader.string();
    else if (reader.field === 3) event.attributes.push(readAttribute(reader.message()));
    else if (reader.field === 4) event.droppedAttributesCount = reader.varint();
    else reader.skip();
  }
  return event;
}

function readLink(reader: ProtobufReader): JsonLink {
  const link: JsonLink = { traceId: '', spanId: '', attributes: [], droppedAttributesCount: 0, flags: 0 };
  while (reader.next()) {
    if (reader.field === 1) link.traceId = reader.bytes().toString('hex');
    else if (reader.field === 2) link.spanId = reader.bytes().toString('hex');
    else if (reader.field === 3) link.traceState = reader.string();
    else if (reader.field === 4) link.attributes.push(readAttribute(reader.message()));
    else if (reader.field === 5) link.droppedAttributesCount = reader.varint();
    else if (reader.field === 6) link.flags = reader.fixed32();
    else reader.skip();
  }
  return link;
}

function readStatus(reader: ProtobufReader): JsonSpan['status'] {
  const status: JsonSpan['status'] = { code: 0 };
  while (reader.next()) {
    if (reader.field === 2) status.message = reader.string();
    else if (reader.field === 3) status.code = reader.varint();
    else reader.skip();
  }
  return status;
}

const spanFields: Record<number, (span: JsonSpan, reader: ProtobufReader) => void> = {
  1: (span, reader) => void (span.traceId = reader.bytes().toString('hex')),
  2: (span, reader) => void (span.spanId = reader.bytes().toString('hex')),
  3: (span, reader) => void (span.traceState = reader.string()),
  4: (span, reader) => void (span.parentSpanId = reader.bytes().toString('hex')),
  5: (span, reader) => void (span.name = reader.string()),
  6: (span, reader) => void (span.kind = reader.varint()),
  7: (span, reader) => void (span.startTimeUnixNano = reader.fixed64().toString()),
  8: (span, reader) => void (span.endTimeUnixNano = reader.fixed64().toString()),
  9: (span, reader) => void span.attributes.push(readAttribute(reader.message())),
  10: (span, reader) => void (span.droppedAttributesCount = reader.varint()),
  11: (span, reader) => void span.events.push(readEvent(reader.message())),
  12: (span, reader) => void (span.droppedEventsCount = reader.varint()),
  13: (span, reader) => void span.links.push(readLink(reader.message())),
  14: (span, reader) => void (span.droppedLinksCount = reader.varint()),
  15: (span, reader) => void (span.status = readStatus(reader.message())),
  16: (span, reader) => void (span.flags = reader.fixed32()),
};

function readSpan(reader: ProtobufReader): JsonSpan {
  const span: JsonSpan = {
    traceId: '',
    spanId: '',
    flags: 0,
    name: '',
    kind: 0,
    startTimeUnixNano: '0',
    endTimeUnixNano: '0',
    attributes: [],
    droppedAttributesCount: 0,
    events: [],
    droppedEventsCount: 0,
    links: [],
    droppedLinksCount: 0,
    status: { code: 0 },
  };
  while (reader.next()) {
    const read = spanFields[reader.field];
    if (read === undefined) reader.skip();
    else read(span, reader);
  }
  return span;
}

function readScope(reader: ProtobufReader): JsonScopeSpans['scope'] {
  const scope: JsonScopeSpans['scope'] = { name: '' };
  while (reader.next()) {
    if (reader.field === 1) scope.name = reader.string();
    else if (reader.field === 2) scope.version = reader.string();
    else if (reader.field === 3) (scope.attributes ??= []).push(readAttribute(reader.message()));
    else if (reader.field === 4) scope.droppedAttributesCount = reader.varint();
    else reader.skip();
  }
  return scope;
}

function readScopeSpans(reader: ProtobufReader): JsonScopeSpans {
  const scopeSpans: JsonScopeSpans = { scope: { name: '' }, spans: [] };
  while (reader.next()) {
    if (reader.field === 1) scopeSpans.scope = readScope(reader.message());
    else if (reader.field === 2) scopeSpans.spans.push(readSpan(reader.message()));
    else if (reader.field === 3) scopeSpans.schemaUrl = reader.string();
    else reader.skip();
  }
  return scopeSpans;
}

function readResource(reader: ProtobufReader): JsonResourceSpans['resource'] {
  const resource: JsonResourceSpans['resource'] = { attributes: [], droppedAttributesCount: 0 };
  while (reader.next()) {
    if (reader.field === 1) resource.attributes.push(readAttribute(reader.message()));
    else reader.skip();
  }
  return resource;
}

/**
 * An encoded export request as objects of OTLP's JSON form, with ids in hexadecimal and 64-bit numbers as strings.
 *
 * @internal
 */
export function toJson(bytes: Buffer): { resourceSpans: JsonResourceSpans[] } {
  const resourceSpans: JsonResourceSpans[] = [];
  const request = new ProtobufReader(bytes);
  while (request.next()) {
    if (request.field !== 1) {
      request.skip();
      continue;
    }
    const entry: JsonResourceSpans = { resource: { attributes: [], droppedAttributesCount: 0 }, scopeSpans: [] };
    const reader = request.message();
    while (reader.next()) {
      if (reader.field === 1) entry.resource = readResource(reader.message());
      else if (reader.field === 2) entry.scopeSpans.push(readScopeSpans(reader.message()));
      else if (reader.field === 3) entry.schemaUrl = reader.string();
      else reader.skip();
    }
    resourceSpans.push(entry);
  }
  return { resourceSpans };
}
