// Decodes MessagePack, as far as Datadog's tracer uses it.

/** @param bytes - a Buffer with one value */
export function decode(bytes) {
  let at = 0;
  const take = (length) => bytes.subarray(at, (at += length));
  const number = (read, length) => {
    const value = bytes[read](at);
    at += length;
    return Number(value);
  };
  const list = (length) => Array.from({ length }, value);
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  const text = (length) => String(take(length));
  const byFirst = {
    0xc0: () => undefined,
    0xc2: () => false,
    0xc3: () => true,
    0xc4: () => take(number('readUInt8', 1)),
    0xc5: () => take(number('readUInt16BE', 2)),
    0xc6: () => take(number('readUInt32BE', 4)),
    0xca: () => number('readFloatBE', 4),
    0xcb: () => number('readDoubleBE', 8),
    0xcc: () => number('readUInt8', 1),
    0xcd: () => number('readUInt16BE', 2),
    0xce: () => number('readUInt32BE', 4),
    0xcf: () => number('readBigUInt64BE', 8),
    0xd0: () => number('readInt8', 1),
    0xd1: () => number('readInt16BE', 2),
    0xd2: () => number('readInt32BE', 4),
    0xd3: () => number('readBigInt64BE', 8),
    0xd9: () => text(number('readUInt8', 1)),
    0xda: () => text(number('readUInt16BE', 2)),
    0xdb: () => text(number('readUInt32BE', 4)),
    0xdc: () => list(number('readUInt16BE', 2)),
    0xdd: () => list(number('readUInt32BE', 4)),
    0xde: () => map(number('readUInt16BE', 2)),
    0xdf: () => map(number('readUInt32BE', 4)),
  };
  function value() {
    const first = bytes[at++];
    if (first < 0x80) return first;
    if (first < 0x90) return map(first & 15);
    if (first < 0xa0) return list(first & 15);
    if (first < 0xc0) return text(first & 31);
    return first >= 0xe0 ? first - 256 : byFirst[first]();
  }
  return value();
}
