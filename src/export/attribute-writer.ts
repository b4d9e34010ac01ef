// Encodes one attribute in protobuf, with a fast path for short ones.
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

/** Writes a short attribute. Returns false and writes nothing if it is not short. @internal */
export function writeShortAttribute(writer: ProtobufWriter, tag: number, key: string, value: unknown): boolean {
  if (typeof value === 'string') return writeShortString(writer, tag, key, value);
  if (typeof value === 'number' && value >= 0 && value <= 0xffffffff && Number.isInteger(value)) {
    return writeShortInteger(writer, tag, key, value);
  }
  return false;
}
