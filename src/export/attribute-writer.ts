// Encodes attributes in protobuf, with a fast path for short ones.
import { types } from 'node:util';
import type { Attributes } from '@opentelemetry/api';
import { type ProtobufWriter, varintSize } from '../common/protobuf-writer.ts';

// KeyValue { string key = 1; AnyValue value = 2 }. Nearly every attribute is so short that each of its lengths takes one byte and
// is known beforehand. Such attributes are written without filling in lengths afterwards, which would take most of the encoding
// time.

/** The most content bytes whose length takes one byte. */
const longest = 127;

/**
 * Writes tag, length and key of an attribute, and tag and length of its value of `valueBytes`, which the caller writes at the
 * returned position. Returns -1 and writes nothing if the key is not ASCII or the attribute is too long.
 */
function openShort(writer: ProtobufWriter, tag: number, key: string, valueBytes: number): number {
  const length = key.length;
  const content = length + valueBytes + 4;
  if (content > longest) return -1;
  writer.ensure(content + 2);
  const buffer = writer.buffer;
  let at = writer.position;
  buffer[at++] = tag;
  buffer[at++] = content;
  buffer[at++] = 0x0a;
  buffer[at++] = length;
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i);
    if (unit > 127) return -1;
    buffer[at++] = unit;
  }
  buffer[at++] = 0x12;
  buffer[at++] = valueBytes;
  return at;
}

function writeShortString(writer: ProtobufWriter, tag: number, key: string, value: string): boolean {
  const length = value.length;
  let at = openShort(writer, tag, key, length + 2);
  if (at < 0) return false;
  const buffer = writer.buffer;
  buffer[at++] = 0x0a;
  buffer[at++] = length;
  for (let i = 0; i < length; i++) {
    const unit = value.charCodeAt(i);
    if (unit > 127) return false;
    buffer[at++] = unit;
  }
  writer.position = at;
  return true;
}

function writeShortInteger(writer: ProtobufWriter, tag: number, key: string, value: number): boolean {
  const at = openShort(writer, tag, key, varintSize(value) + 1);
  if (at < 0) return false;
  writer.buffer[at] = 0x18;
  writer.position = at + 1;
  writer.varint(value);
  return true;
}

function writeDouble(writer: ProtobufWriter, tag: number, key: string, value: number): boolean {
  const at = openShort(writer, tag, key, 9);
  if (at < 0) return false;
  writer.buffer[at] = 0x21;
  writer.position = writer.buffer.writeDoubleLE(value, at + 1);
  return true;
}

/** Writes a short attribute. Returns false and writes nothing if it is not short. */
function writeShortAttribute(writer: ProtobufWriter, tag: number, key: string, value: unknown): boolean {
  if (typeof value === 'string') return writeShortString(writer, tag, key, value);
  if (typeof value !== 'number') return false;
  if (!Number.isInteger(value)) return writeDouble(writer, tag, key, value);
  return value >= 0 && value <= 0xffffffff && writeShortInteger(writer, tag, key, value);
}

const twoTo63 = 2 ** 63;
const hasOwn: (object: object, key: string) => boolean = (object, key) =>
  Object.prototype.hasOwnProperty.call(object, key);

/** The content of an AnyValue; empty for a value that OTLP cannot represent. */
function writeValue(writer: ProtobufWriter, value: unknown): void {
  if (typeof value === 'string') {
    writer.byte(0x0a);
    writer.string(value);
  } else if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= -twoTo63 && value < twoTo63) {
      writer.byte(0x18);
      writer.int64(value);
    } else {
      writer.byte(0x21);
      writer.double(value);
    }
  } else if (typeof value === 'boolean') {
    writer.byte(0x10);
    writer.byte(value ? 1 : 0);
  } else if (types.isUint8Array(value)) {
    writer.byte(0x3a);
    writer.bytes(value);
  } else if (Array.isArray(value)) {
    writer.byte(0x2a);
    const start = writer.open(1);
    for (const item of value as unknown[]) {
      writer.byte(0x0a);
      const itemStart = writer.open(1);
      writeValue(writer, item);
      writer.close(itemStart, 1);
    }
    writer.close(start, 1);
  } else if (typeof value === 'object' && value !== null) {
    writer.byte(0x32);
    const start = writer.open(1);
    writeAttributes(writer, 0x0a, value as Attributes);
    writer.close(start, 1);
  }
}

/** @internal */
export function writeAttributes(writer: ProtobufWriter, tag: number, attributes: Attributes): void {
  for (const key in attributes) {
    if (!hasOwn(attributes, key)) continue;
    writeAttribute(writer, tag, key, attributes[key]);
  }
}

/** @internal */
export function writeAttribute(writer: ProtobufWriter, tag: number, key: string, value: unknown): void {
  if (writeShortAttribute(writer, tag, key, value)) return;
  writer.byte(tag);
  const start = writer.open(1);
  writer.byte(0x0a);
  writer.string(key);
  writer.byte(0x12);
  const valueStart = writer.open(1);
  writeValue(writer, value);
  writer.close(valueStart, 1);
  writer.close(start, 1);
}
