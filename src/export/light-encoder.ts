// Encodes light spans in OTLP's protobuf form, with the same bytes as the general encoder and in one pass over local variables.
import type { SpanContext } from '@opentelemetry/api';
import type { ProtobufWriter } from '../common/protobuf-writer.ts';
import { writeAttribute } from './attribute-writer.ts';
import type { LightSpan } from './light-span.ts';

/** The value of a hexadecimal digit, by its character code. */
const digits: Uint8Array = new Uint8Array(128);
for (const digit of '0123456789abcdefABCDEF') digits[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

const traceIdLength = 32;
const spanIdLength = 16;
const twoTo32 = 0x1_0000_0000;

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
const lastBytes: Uint8Array = new Uint8Array(traceIdLength / 2);

function putTraceId(buffer: Buffer, start: number, id: string): number {
  if (id !== lastTraceId) {
    for (let at = 0; at < lastBytes.length; at++) {
      lastBytes[at] = (digits[id.charCodeAt(2 * at) & 127]! << 4) | digits[id.charCodeAt(2 * at + 1) & 127]!;
    }
    lastTraceId = id;
  }
  let at = start;
  buffer[at++] = 0x0a;
  buffer[at++] = traceIdLength / 2;
  for (let from = 0; from < traceIdLength / 2; from++) buffer[at++] = lastBytes[from]!;
  return at;
}

function putSpanId(buffer: Buffer, start: number, tag: number, id: string): number {
  let at = start;
  buffer[at++] = tag;
  buffer[at++] = spanIdLength / 2;
  for (let from = 0; from < spanIdLength; from += 2) {
    // The mask keeps an invalid id within the table.
    buffer[at++] = (digits[id.charCodeAt(from) & 127]! << 4) | digits[id.charCodeAt(from + 1) & 127]!;
  }
  return at;
}

/** Nanoseconds since the epoch, exact beyond 2^53: the product is computed in two halves. */
function putTime(buffer: Buffer, start: number, tag: number, seconds: number, nanos: number): number {
  let low = Math.imul(seconds, 1e9) >>> 0;
  // The product is rounded to a few hundred, far less than the lower half.
  let high = Math.round((seconds * 1e9 - low) / twoTo32);
  low += nanos;
  if (low >= twoTo32) {
    low -= twoTo32;
    high++;
  }
  buffer[start] = tag;
  buffer[start + 1] = low;
  buffer[start + 2] = low >>> 8;
  buffer[start + 3] = low >>> 16;
  buffer[start + 4] = low >>> 24;
  buffer[start + 5] = high;
  buffer[start + 6] = high >>> 8;
  buffer[start + 7] = high >>> 16;
  buffer[start + 8] = high >>> 24;
  return start + 9;
}

function putFlags(buffer: Buffer, start: number, traceFlags: number, remote: boolean | undefined): number {
  buffer[start] = traceFlags;
  buffer[start + 1] = (hasIsRemote | (remote ? isRemote : 0)) >>> 8;
  buffer[start + 2] = 0;
  buffer[start + 3] = 0;
  return start + 4;
}

function isPlain({ traceId, spanId, traceState }: SpanContext): boolean {
  return traceState === undefined && traceId.length === traceIdLength && spanId.length === spanIdLength;
}

function isEmpty(attributes: object | undefined): boolean {
  for (const _ in attributes) return false;
  return true;
}

/** Whether a time is a whole number of seconds and nanoseconds in the range in which its encoding here is exact. */
function isWhole(seconds: number, nanos: number): boolean {
  return (
    seconds >= 0 &&
    seconds < twoTo32 &&
    nanos >= 0 &&
    nanos < 1e9 &&
    Number.isInteger(seconds) &&
    Number.isInteger(nanos)
  );
}

/**
 * Writes a light span of a prepared operation, with its tag and length inside ScopeSpans. Returns false and writes nothing if
 * it has anything unusual (`tracestate`, links with attributes), which the general encoder writes.
 *
 * @internal
 */
export function writeLightSpan(writer: ProtobufWriter, span: LightSpan): boolean {
  const { context, parts, flat, links } = span;
  const parent = span.parentSpanContext as SpanContext | undefined;
  const bytes = parts?.bytes;
  if (bytes === undefined || !span.isFlat || !isPlain(context)) return false;
  if (parent !== undefined && parent.spanId.length !== spanIdLength) return false;
  const { startSeconds, startNanos, endSeconds, endNanos } = span;
  if (!isWhole(startSeconds, startNanos) || !isWhole(endSeconds, endNanos)) return false;
  for (let each = 0; each < links.length; each++) {
    const { context: linked, attributes, droppedAttributesCount } = links[each]!;
    if (!isEmpty(attributes) || droppedAttributesCount || !isPlain(linked)) return false;
  }

  const opened = writer.position;
  writer.ensure(spanBytes + bytes.length + links.length * linkBytes);
  let { buffer } = writer;
  let at = opened;
  buffer[at] = 0x12;
  // Two bytes of length are filled in at the end.
  at = putTraceId(buffer, at + 3, context.traceId);
  at = putSpanId(buffer, at, 0x12, context.spanId);
  if (parent !== undefined) at = putSpanId(buffer, at, 0x22, parent.spanId);
  at = putTime(buffer, at, 0x39, startSeconds, startNanos);
  at = putTime(buffer, at, 0x41, endSeconds, endNanos);
  buffer.set(bytes, at);
  writer.position = at + bytes.length;
  for (let each = 0; each < flat.length; each += 2) {
    writeAttribute(writer, 0x4a, flat[each] as string, flat[each + 1]);
  }
  writer.ensure(spanBytes + links.length * linkBytes);
  ({ buffer } = writer);
  at = writer.position;
  for (let each = 0; each < links.length; each++) {
    const linked = links[each]!.context;
    buffer[at++] = 0x6a;
    buffer[at++] = linkContent;
    at = putTraceId(buffer, at, linked.traceId);
    at = putSpanId(buffer, at, 0x12, linked.spanId);
    buffer[at++] = 0x35;
    at = putFlags(buffer, at, linked.traceFlags, linked.isRemote);
  }
  // The status is unset.
  buffer[at++] = 0x7a;
  buffer[at++] = 0;
  buffer[at++] = 0x85;
  buffer[at++] = 0x01;
  at = putFlags(buffer, at, context.traceFlags, parent?.isRemote);
  writer.position = at;
  writer.close(opened + 3, 2);
  return true;
}
