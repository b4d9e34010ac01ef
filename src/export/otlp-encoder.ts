// Encodes spans in OTLP's protobuf form.
import {
  type Attributes,
  type HrTime,
  type Link,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  SpanStatusCode,
} from '@opentelemetry/api';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import { writeAttribute, writeAttributes } from './attribute-writer.ts';
import type { FlatAttributes } from './flat-attributes.ts';
import { flagsOf, putTraceId, traceIdLength, writeLightSpan } from './light-encoder.ts';
import { LightSpan } from './light-span.ts';
import { PreparedBytes } from './prepared-bytes.ts';
import type { ProtobufWriter } from '../common/protobuf-writer.ts';

// Tags are (field number << 3 | wire type): 0 varint, 1 eight bytes, 2 length and content, 5 four bytes. The field numbers
// are those of opentelemetry/proto/trace/v1/trace.proto, common.proto and resource.proto.

/** @internal */
export type Resource = ReadableSpan['resource'];
/** @internal */
export type InstrumentationScope = ReadableSpan['instrumentationScope'];

const unset: SpanStatus = { code: SpanStatusCode.UNSET };
function writeTime(writer: ProtobufWriter, tag: number, time: HrTime): void {
  writer.byte(tag);
  writer.time(time[0], time[1]);
}

function writeDropped(writer: ProtobufWriter, tag: number, count: number | undefined): void {
  if (!count) return;
  writer.byte(tag);
  writer.varint(count);
}

function writeIds(writer: ProtobufWriter, context: SpanContext): void {
  const { traceId } = context;
  if (traceId.length === traceIdLength) {
    writer.ensure(traceIdLength);
    writer.position = putTraceId(writer.buffer, writer.position, traceId);
  } else {
    writer.byte(0x0a);
    writer.hex(traceId);
  }
  writer.byte(0x12);
  writer.hex(context.spanId);
  const state = context.traceState?.serialize();
  if (state) {
    writer.byte(0x1a);
    writer.string(state);
  }
}

function writeHead(writer: ProtobufWriter, name: string, kind: SpanKind | undefined): void {
  writer.byte(0x2a);
  writer.string(name);
  writer.byte(0x30);
  writer.varint(kind == null ? 0 : kind + 1);
}

const prepared = new PreparedBytes({
  head: writeHead,
  attribute: (writer, key, value) => writeAttribute(writer, 0x4a, key, value),
});

/** Writes name, kind and attributes. */
function writeFlat(writer: ProtobufWriter, span: LightSpan): void {
  const { parts, flat } = span;
  if (parts === undefined) {
    prepared.write(writer, span.name, span.kind, flat);
    return;
  }
  if (parts.bytes === undefined) {
    const start = writer.position;
    writeHead(writer, span.name, span.kind);
    writeAll(writer, parts.flat);
    // The spans of an operation that comes once, as with a reply queue, need no copy.
    if (parts.used) parts.bytes = Uint8Array.prototype.slice.call(writer.buffer, start, writer.position);
    parts.used = true;
  } else {
    writer.raw(parts.bytes);
  }
  writeAll(writer, flat);
}

function writeAll(writer: ProtobufWriter, flat: FlatAttributes): void {
  for (let at = 0; at < flat.length; at += 2) writeAttribute(writer, 0x4a, flat[at] as string, flat[at + 1]);
}

/** Reused for the attributes of each span. Undefined while it is in use. */
let list: FlatAttributes | undefined = [];

/** Writes name, kind and attributes of a span of the SDK. */
function writeNamed(writer: ProtobufWriter, { name, kind, attributes, instrumentationScope }: ReadableSpan): void {
  const flat = list;
  // Only the wrappers' spans have few names and the same first attributes.
  if (flat === undefined || instrumentationScope?.name !== 'mqtrace' || kind === undefined) {
    writeHead(writer, name, kind);
    if (attributes) writeAttributes(writer, 0x4a, attributes);
    return;
  }
  list = undefined;
  try {
    let length = 0;
    for (const key in attributes) {
      if (!Object.hasOwn(attributes, key)) continue;
      flat[length++] = key;
      flat[length++] = attributes[key] as FlatAttributes[number];
    }
    flat.length = length;
    prepared.write(writer, name, kind, flat);
  } finally {
    list = flat;
  }
}

function writeEvent(writer: ProtobufWriter, event: TimedEvent): void {
  writer.byte(0x5a);
  const start = writer.open(1);
  writeTime(writer, 0x09, event.time);
  writer.byte(0x12);
  writer.string(event.name);
  if (event.attributes) writeAttributes(writer, 0x1a, event.attributes);
  writeDropped(writer, 0x20, event.droppedAttributesCount);
  writer.close(start, 1);
}

function writeLink(writer: ProtobufWriter, link: Link): void {
  writer.byte(0x6a);
  const start = writer.open(1);
  writeIds(writer, link.context);
  if (link.attributes) writeAttributes(writer, 0x22, link.attributes);
  writeDropped(writer, 0x28, link.droppedAttributesCount);
  writer.byte(0x35);
  writer.fixed32(flagsOf(link.context.traceFlags, link.context.isRemote));
  writer.close(start, 1);
}

function writeStatus(writer: ProtobufWriter, status: SpanStatus): void {
  writer.byte(0x7a);
  const start = writer.open(1);
  if (status.message) {
    writer.byte(0x12);
    writer.string(status.message);
  }
  if (status.code) {
    writer.byte(0x18);
    writer.varint(status.code);
  }
  writer.close(start, 1);
}

/**
 * Writes one span, with its tag and length inside ScopeSpans, in one pass.
 *
 * @internal
 */
export function writeSpan(writer: ProtobufWriter, span: ReadableSpan): void {
  if (!(span instanceof LightSpan && writeLightSpan(writer, span))) writeAnySpan(writer, span);
}

/** The general encoder. @internal */
export function writeAnySpan(writer: ProtobufWriter, span: ReadableSpan): void {
  const context = span.spanContext();
  const parent = span.parentSpanContext;
  writer.byte(0x12);
  const start = writer.open(2);
  writeIds(writer, context);
  if (parent?.spanId) {
    writer.byte(0x22);
    writer.hex(parent.spanId);
  }
  writeTime(writer, 0x39, span.startTime);
  writeTime(writer, 0x41, span.endTime);
  if (span instanceof LightSpan && span.isFlat) {
    // It has no events, and nothing was dropped.
    writeFlat(writer, span);
    for (const link of span.links) writeLink(writer, link);
    writeStatus(writer, unset);
  } else {
    writeNamed(writer, span);
    writeDropped(writer, 0x50, span.droppedAttributesCount);
    for (const event of span.events) writeEvent(writer, event);
    writeDropped(writer, 0x60, span.droppedEventsCount);
    for (const link of span.links) writeLink(writer, link);
    writeDropped(writer, 0x70, span.droppedLinksCount);
    writeStatus(writer, span.status);
  }
  writer.byte(0x85);
  writer.byte(0x01);
  writer.fixed32(flagsOf(context.traceFlags, parent?.isRemote));
  writer.close(start, 2);
}

/** Writes the resource of a ResourceSpans. @internal */
export function writeResource(writer: ProtobufWriter, resource: Resource): void {
  writer.byte(0x0a);
  const start = writer.open(1);
  writeAttributes(writer, 0x0a, resource.attributes);
  writer.close(start, 1);
  if (resource.schemaUrl) {
    writer.byte(0x1a);
    writer.string(resource.schemaUrl);
  }
}

/** Writes the instrumentation scope of a ScopeSpans. @internal */
export function writeScope(writer: ProtobufWriter, scope: InstrumentationScope): void {
  // The protocol and newer SDKs have scope attributes; this SDK's type does not declare them.
  const more = scope as InstrumentationScope & { attributes?: Attributes; droppedAttributesCount?: number };
  writer.byte(0x0a);
  const start = writer.open(1);
  writer.byte(0x0a);
  writer.string(scope.name);
  if (scope.version) {
    writer.byte(0x12);
    writer.string(scope.version);
  }
  if (more.attributes) writeAttributes(writer, 0x1a, more.attributes);
  writeDropped(writer, 0x20, more.droppedAttributesCount);
  writer.close(start, 1);
  if (scope.schemaUrl) {
    writer.byte(0x1a);
    writer.string(scope.schemaUrl);
  }
}
