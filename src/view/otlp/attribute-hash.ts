// Hashes attributes by their encoded bytes, for the index of their values.

/** Hashes of one span's attributes; the object is reused for the next span. */
export class AttributeHashes {
  readonly values: Uint32Array = new Uint32Array(256);
  count = 0;
  /** Whether there were more attributes than `values` can hold. */
  overflows = false;

  reset(): void {
    this.count = 0;
    this.overflows = false;
  }

  /** Adds the attribute whose KeyValue message is between these positions. */
  add(bytes: Uint8Array, from: number, to: number): void {
    if (this.count === this.values.length) this.overflows = true;
    else this.values[this.count++] = hashKeyValue(bytes, from, to);
  }
}

/** The end of an attribute contains its value and the end of its name: enough to distinguish most attributes. */
const hashedBytes = 20;

/** A hash of an encoded KeyValue message. */
export function hashKeyValue(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from);
  for (let at = Math.max(from, to - hashedBytes); at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * All KeyValue messages that would be shown as this name and value; undefined if there are too many to list, as for lists
 * and maps.
 */
export function encodingsOf(name: string, value: string): Buffer[] | undefined {
  if (/^[[{]|^null$|^NaN$|^\d+ bytes$|… \(\d+ characters\)$/.test(value)) return undefined;
  const values = [lengthDelimited(0x0a, Buffer.from(value))];
  if (value === 'true' || value === 'false') values.push(Buffer.from([0x10, value === 'true' ? 1 : 0]));
  if (/^-?\d{1,19}$/.test(value)) {
    const whole = BigInt.asUintN(64, BigInt(value));
    values.push(Buffer.concat([Buffer.from([0x18]), varint(whole)]));
  }
  if (value.trim() !== '' && String(Number(value)) === value) {
    const double = Buffer.alloc(9);
    double[0] = 0x21;
    double.writeDoubleLE(Number(value), 1);
    values.push(double);
  }
  const key = lengthDelimited(0x0a, Buffer.from(name));
  return values.map((encoded) => Buffer.concat([key, lengthDelimited(0x12, encoded)]));
}

function lengthDelimited(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(BigInt(content.length)), content]);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
