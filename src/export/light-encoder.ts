// Encodes light spans in OTLP's protobuf form, with the same bytes as the general encoder and in one pass over local variables.
import type { Attributes, SpanContext } from '@opentelemetry/api';
import { type ProtobufWriter, putFixed32, putHex, putTime } from '../common/protobuf-writer.ts';
import { writeAttribute, writeAttributes } from './attribute-writer.ts';
import { noLinks } from './flat-attributes.ts';
import type { LightSpan } from './light-span.ts';
import { Heads } from './span-heads.ts';

/** Hexadecimal digits of a trace id. @internal */
export const traceIdLength = 32;
const spanIdLength = 16;

/** The bits of `flags` that tell whether the parent (or linked) context is remote. */
const hasIsRemote = 0x100;
const isRemote = 0x200;

/** Bytes of a span without its prepared part, its own attributes and its links. */
const spanBytes = 96;
/** Bytes of a link without attributes and `tracestate`: tag and length, and its content. */
const linkContent = 33;
const linkBytes = linkContent + 2;

// A message's span, its parent and its link have the same trace id.
let lastTraceId = '';
const lastBytes: Buffer = Buffer.alloc(traceIdLength / 2);

/** Writes tag 1, length and bytes of a trace id of 32 digits. Returns the position after them. @internal */
export function putTraceId(buffer: Buffer, start: number, id: string): number {
  if (id !== lastTraceId) {
    putHex(lastBytes, 0, id);
    lastTraceId = id;
  }
  let at = start;
  buffer[at++] = 0x0a;
  buffer[at++] = traceIdLength / 2;
  for (let from = 0; from < traceIdLength / 2; from++) buffer[at++] = lastBytes[from]!;
  return at;
}

function putSpanId(buffer: Buffer, start: number, tag: number, id: string): number {
  buffer[start] = tag;
  buffer[start + 1] = spanIdLength / 2;
  return putHex(buffer, start + 2, id);
}

/** The position of the span id in a span. */
const spanIdAt = 23;

const heads = new Heads();

/** Writes a link without attributes and `tracestate`. */
function putLink(buffer: Buffer, start: number, linked: SpanContext): number {
  buffer[start] = 0x6a;
  buffer[start + 1] = linkContent;
  let at = putTraceId(buffer, start + 2, linked.traceId);
  at = putSpanId(buffer, at, 0x12, linked.spanId);
  buffer[at++] = 0x35;
  return putFixed32(buffer, at, flagsOf(linked.traceFlags, linked.isRemote));
}

/** Writes a link with attributes, without `tracestate`. */
function writeDescribedLink(writer: ProtobufWriter, linked: SpanContext, attributes: Attributes): void {
  const opened = writer.position;
  const { buffer } = writer;
  buffer[opened] = 0x6a;
  writer.position = putSpanId(buffer, putTraceId(buffer, opened + 2, linked.traceId), 0x12, linked.spanId);
  writeAttributes(writer, 0x22, attributes);
  writer.byte(0x35);
  writer.fixed32(flagsOf(linked.traceFlags, linked.isRemote));
  writer.close(opened + 2, 1);
}

/** The value of `flags`: the trace flags, and whether the parent (or linked) context is remote. @internal */
export function flagsOf(traceFlags: number, remote: boolean | undefined): number {
  return (traceFlags & 0xff) | hasIsRemote | (remote ? isRemote : 0);
}

function isPlain({ traceId, spanId, traceState }: SpanContext): boolean {
  return traceState === undefined && traceId.length === traceIdLength && spanId.length === spanIdLength;
}

function isEmpty(attributes: object | undefined): boolean {
  for (const _ in attributes) return false;
  return true;
}

/**
 * Writes a light span of a prepared operation, with its tag and length inside ScopeSpans. Returns false and writes nothing if
 * it has anything unusual (such as `tracestate`), which the general encoder writes.
 *
 * @internal
 */
export function writeLightSpan(writer: ProtobufWriter, span: LightSpan): boolean {
  const { context, parts, flat, linked: given } = span;
  const parent = span.parentSpanContext as SpanContext | undefined;
  const bytes = parts?.bytes;
  if (bytes === undefined || !span.isFlat || !isPlain(context)) return false;
  if (parent !== undefined && parent.spanId.length !== spanIdLength) return false;
  const single = Array.isArray(given) ? undefined : given;
  const links = Array.isArray(given) ? given : noLinks;
  if (single !== undefined && !isPlain(single)) return false;
  for (let each = 0; each < links.length; each++) {
    const { context: linked, droppedAttributesCount } = links[each]!;
    if (droppedAttributesCount || !isPlain(linked)) return false;
  }

  const opened = writer.position;
  writer.ensure(spanBytes + bytes.length);
  let { buffer } = writer;
  let at = opened;
  if (heads.isFor(span, bytes)) {
    at = heads.put(buffer, at);
    putHex(buffer, opened + spanIdAt, context.spanId);
  } else {
    buffer[at] = 0x12;
    // Two bytes of length are filled in at the end.
    at = putTraceId(buffer, at + 3, context.traceId);
    at = putSpanId(buffer, at, 0x12, context.spanId);
    if (parent !== undefined) at = putSpanId(buffer, at, 0x22, parent.spanId);
    buffer[at++] = 0x39;
    at = putTime(buffer, at, span.startSeconds, span.startNanos);
    buffer[at++] = 0x41;
    at = putTime(buffer, at, span.endSeconds, span.endNanos);
    buffer.set(bytes, at);
    at += bytes.length;
    heads.written(buffer, opened, at);
  }
  writer.position = at;
  for (let each = 0; each < flat.length; each += 2) {
    writeAttribute(writer, 0x4a, flat[each] as string, flat[each + 1]);
  }
  writer.ensure(spanBytes + (links.length + 1) * linkBytes);
  ({ buffer } = writer);
  at = writer.position;
  if (single !== undefined) at = putLink(buffer, at, single);
  for (let each = 0; each < links.length; each++) {
    const { context: linked, attributes } = links[each]!;
    if (isEmpty(attributes)) {
      at = putLink(buffer, at, linked);
      continue;
    }
    writer.position = at;
    writeDescribedLink(writer, linked, attributes!);
    // Attributes have no limit of length, so the buffer may be another one.
    writer.ensure(spanBytes + (links.length - each) * linkBytes);
    ({ buffer } = writer);
    at = writer.position;
  }
  // The status is unset.
  buffer[at++] = 0x7a;
  buffer[at++] = 0;
  buffer[at++] = 0x85;
  buffer[at++] = 0x01;
  at = putFixed32(buffer, at, flagsOf(context.traceFlags, parent?.isRemote));
  writer.position = at;
  writer.close(opened + 3, 2);
  return true;
}
