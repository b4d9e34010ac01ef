// Decodes OTLP traces.
import { ProtobufReader } from '../../common/protobuf-reader.ts';
import { type ScalarValue, setters, weightOf } from './attribute-names.ts';
import { SpanRecord } from './span-record.ts';

/** Receives the decoded spans. */
export interface SpanSink {
  /** Sets the resource of the following spans: its encoded bytes and its service name. */
  resource(bytes: Buffer, service: string): void;
  /** Sets the instrumentation scope of the following spans. */
  scope(name: string): void;
  /** Receives one span. The record is reused for the next one; `request` contains its bytes. */
  span(record: SpanRecord, request: Buffer): void;
}

/** Maximum length of a string in the record; the encoded span contains the whole string. */
const maxText = 256;
const maxTraceState = 512;
const noBytes = Buffer.alloc(0);
const record = new SpanRecord();

/**
 * Decodes an `ExportTraceServiceRequest` span by span.
 *
 * @throws RangeError if the bytes are not such a message. The sink has received the spans before the invalid bytes.
 */
export function decodeTraces(request: Buffer, sink: SpanSink): void {
  const reader = new ProtobufReader(request);
  while (reader.next()) {
    if (reader.field === 1) resourceSpans(request, reader, sink);
    else reader.skip();
  }
}

/** Protobuf allows any order of fields: the resource is found before the spans are read. */
function resourceSpans(request: Buffer, reader: ProtobufReader, sink: SpanSink): void {
  const outer = reader.enter();
  const begin = reader.position;
  let bytes: Buffer = noBytes;
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    bytes = reader.bytes();
    break;
  }
  sink.resource(bytes, serviceName(bytes));
  reader.position = begin;
  while (reader.next()) {
    if (reader.field === 2) scopeSpans(request, reader, sink);
    else reader.skip();
  }
  reader.leave(outer);
}

function scopeSpans(request: Buffer, reader: ProtobufReader, sink: SpanSink): void {
  const outer = reader.enter();
  const begin = reader.position;
  let name = '';
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    name = scopeName(reader);
    break;
  }
  sink.scope(name);
  reader.position = begin;
  while (reader.next()) {
    if (reader.field === 2) readSpan(request, reader, sink);
    else reader.skip();
  }
  reader.leave(outer);
}

function scopeName(reader: ProtobufReader): string {
  const outer = reader.enter();
  let name = '';
  while (reader.next()) {
    if (reader.field === 1) name = shortString(reader);
    else reader.skip();
  }
  reader.leave(outer);
  return name;
}

/** The `service.name` of an encoded Resource. */
export function serviceName(resource: Buffer): string {
  const reader = new ProtobufReader(resource);
  let name = '';
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    let key = '';
    while (reader.next()) {
      if (reader.field === 1) key = shortString(reader);
      else if (reader.field === 2 && key === 'service.name') name = String(scalar(reader) ?? '');
      else reader.skip();
    }
    reader.leave(outer);
  }
  return name || 'unknown_service';
}

function readSpan(request: Buffer, reader: ProtobufReader, sink: SpanSink): void {
  const outer = reader.enter();
  record.reset();
  record.from = reader.position;
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        readTraceId(request, reader, record.traceId, 0);
        break;
      case 2: {
        const at = spanId(reader);
        if (at < 0) break;
        record.idHigh = request.readUInt32BE(at);
        record.idLow = request.readUInt32BE(at + 4);
        break;
      }
      case 3:
        readTraceState(reader);
        break;
      case 4: {
        const at = spanId(reader);
        if (at < 0) break;
        record.parentHigh = request.readUInt32BE(at);
        record.parentLow = request.readUInt32BE(at + 4);
        break;
      }
      case 5:
        record.name = shortString(reader);
        break;
      case 6:
        record.kind = reader.varint();
        break;
      case 7:
        record.start = milliseconds(reader);
        break;
      case 8:
        record.end = milliseconds(reader);
        break;
      case 9:
        readAttribute(request, reader);
        break;
      case 13:
        readLink(request, reader);
        break;
      case 15:
        readStatus(reader);
        break;
      case 16:
        record.flags = reader.fixed32() & 0x3ff;
        break;
      default:
        reader.skip();
    }
  }
  record.to = reader.position;
  if (record.end < record.start) record.end = record.start;
  if (record.kind > 5) record.kind = 0;
  reader.leave(outer);
  sink.span(record, request);
}

/** Position of the eight bytes of a span id; -1 if the field has another length. */
function spanId(reader: ProtobufReader): number {
  const { start, end } = reader.range();
  return end - start === 8 ? start : -1;
}

function readTraceId(request: Buffer, reader: ProtobufReader, into: Uint32Array, at: number): void {
  const { start, end } = reader.range();
  if (end - start !== 16) return;
  for (let word = 0; word < 4; word++) into[at + word] = request.readUInt32BE(start + word * 4);
}

function milliseconds(reader: ProtobufReader): number {
  const low = reader.fixed32();
  return (reader.fixed32() * 0x1_0000_0000 + low) / 1e6;
}

function readTraceState(reader: ProtobufReader): void {
  const { start, end } = reader.range();
  if (start === end || end - start > maxTraceState) return;
  const weight = weightOf(reader.text(start, end));
  if (weight === undefined) return;
  record.weight = weight;
  record.sampled = weight > 1;
}

function readStatus(reader: ProtobufReader): void {
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 3) record.status = reader.varint();
    else reader.skip();
  }
  reader.leave(outer);
}

function readLink(request: Buffer, reader: ProtobufReader): void {
  const outer = reader.enter();
  const { links } = record;
  const place = links.add();
  links.traceIds.fill(0, place * 4, place * 4 + 4);
  links.spanIds.fill(0, place * 2, place * 2 + 2);
  while (reader.next()) {
    if (reader.field === 1) readTraceId(request, reader, links.traceIds, place * 4);
    else if (reader.field === 2) {
      const at = spanId(reader);
      if (at < 0) continue;
      links.spanIds[place * 2] = request.readUInt32BE(at);
      links.spanIds[place * 2 + 1] = request.readUInt32BE(at + 4);
    } else if (reader.field === 6) links.flags[place] = reader.fixed32() & 0x3ff;
    else reader.skip();
  }
  // A link with a zero span id is ignored.
  if (links.spanIds[place * 2] === 0 && links.spanIds[place * 2 + 1] === 0) links.count--;
  reader.leave(outer);
}

function readAttribute(request: Buffer, reader: ProtobufReader): void {
  const outer = reader.enter();
  const from = reader.position;
  let set: ((record: SpanRecord, value: ScalarValue) => void) | undefined;
  while (reader.next()) {
    if (reader.field === 1) {
      const { start, end } = reader.range();
      set = isOfInterest(request[start], end - start) ? setters.get(reader.text(start, end)) : undefined;
    } else if (reader.field === 2 && set !== undefined) {
      const value = scalar(reader);
      if (value !== undefined) set(record, value);
    } else reader.skip();
  }
  record.attributes.add(request, from, reader.position);
  reader.leave(outer);
}

/** All names in `setters` begin with e, k, m or r. */
function isOfInterest(first: number | undefined, length: number): boolean {
  return (first === 0x6d || first === 0x6b || first === 0x72 || first === 0x65) && length < 64;
}

/** The AnyValue of a field, if it is a scalar. */
function scalar(reader: ProtobufReader): ScalarValue | undefined {
  const outer = reader.enter();
  let value: ScalarValue | undefined;
  while (reader.next()) {
    if (reader.field === 1) value = shortString(reader);
    else if (reader.field === 2) value = reader.varint() !== 0;
    else if (reader.field === 3) value = reader.signed();
    else if (reader.field === 4) value = reader.double();
    else reader.skip();
  }
  reader.leave(outer);
  return value;
}

function shortString(reader: ProtobufReader): string {
  const { start, end } = reader.range();
  return reader.text(start, Math.min(end, start + maxText));
}
