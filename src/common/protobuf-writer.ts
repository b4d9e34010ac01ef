// Encodes protobuf's wire format.
/** Strings up to this many UTF-16 units are copied unit by unit; for longer ones one native call is cheaper. */
const shortString = 40;

/** The value of a hexadecimal digit, by its character code. */
const digits: Uint8Array = new Uint8Array(128);
for (const digit of '0123456789abcdefABCDEF') digits[digit.charCodeAt(0)] = Number.parseInt(digit, 16);

const twoTo32 = 0x1_0000_0000;

/** Writes the bytes of a hexadecimal id at `start`. Returns the position after them. @internal */
export function putHex(buffer: Buffer, start: number, id: string): number {
  let at = start;
  for (let i = 0; i + 1 < id.length; i += 2) {
    // The mask keeps an invalid id from another library within the table. Hexadecimal digits are below 128.
    buffer[at++] = (digits[id.charCodeAt(i) & 127]! << 4) | digits[id.charCodeAt(i + 1) & 127]!;
  }
  return at;
}

/**
 * Writes a point in time at `start`, as a fixed64 of nanoseconds, exact beyond 2^53: the product is computed in two halves. Returns
 * the position after it.
 *
 * @internal
 */
export function putTime(buffer: Buffer, start: number, seconds: number, nanos: number): number {
  const whole = Math.trunc(seconds);
  const low = Math.imul(whole, 1e9) >>> 0;
  // The product is rounded to a few hundred, far less than the lower half.
  const high = Math.round((whole * 1e9 - low) / twoTo32);
  const sum = low + Math.trunc(nanos);
  putFixed32(buffer, start, sum);
  return putFixed32(buffer, start + 4, high + Math.floor(sum / twoTo32));
}

/** Writes a little-endian fixed32 at `start`. Returns the position after it. @internal */
export function putFixed32(buffer: Buffer, start: number, value: number): number {
  buffer[start] = value;
  buffer[start + 1] = value >>> 8;
  buffer[start + 2] = value >>> 16;
  buffer[start + 3] = value >>> 24;
  return start + 4;
}

/** Writes an unsigned 32-bit varint at `start`. Returns the position after it. @internal */
export function putVarint(buffer: Buffer, start: number, value: number): number {
  let rest = value >>> 0;
  let at = start;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

/** The number of bytes of an unsigned 32-bit number as a varint. @internal */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}

/**
 * Writes protobuf's wire format front to back into one growing buffer that is reused. Lengths are filled in afterwards, always in
 * their shortest form.
 *
 * @internal
 */
export class ProtobufWriter {
  buffer: Buffer;
  position = 0;

  constructor(capacity = 65_536) {
    this.buffer = Buffer.allocUnsafeSlow(capacity);
  }

  /** Grows the buffer, if needed, for `bytes` more. */
  ensure(bytes: number): void {
    if (this.position + bytes > this.buffer.length) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    let capacity = this.buffer.length * 2;
    while (capacity < this.position + bytes) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  /** One byte: a tag of the fields 1 to 15, or a small value. */
  byte(value: number): void {
    if (this.position === this.buffer.length) this.#grow(1);
    this.buffer[this.position++] = value;
  }

  /** An unsigned 32-bit varint. */
  varint(value: number): void {
    this.ensure(5);
    this.position = putVarint(this.buffer, this.position, value);
  }

  /** A signed 64-bit varint of an integer in the int64 range; negative ones take ten bytes. */
  int64(value: number): void {
    if (value >= 0 && value <= 0xffffffff) {
      this.varint(value);
      return;
    }
    this.ensure(10);
    const absolute = Math.abs(value);
    let low = absolute >>> 0;
    let high = Math.floor(absolute / 0x1_0000_0000) >>> 0;
    if (value < 0) {
      low = (~low + 1) >>> 0;
      high = (low === 0 ? ~high + 1 : ~high) >>> 0;
    }
    while (high > 0 || low > 0x7f) {
      this.buffer[this.position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.buffer[this.position++] = low;
  }

  /** A little-endian fixed32. */
  fixed32(value: number): void {
    this.ensure(4);
    this.position = putFixed32(this.buffer, this.position, value);
  }

  /** A point in time as a fixed64 of nanoseconds. */
  time(seconds: number, nanos: number): void {
    this.ensure(8);
    this.position = putTime(this.buffer, this.position, seconds, nanos);
  }

  /** A little-endian double. */
  double(value: number): void {
    this.ensure(8);
    this.position = this.buffer.writeDoubleLE(value, this.position);
  }

  /** Length and bytes of a hexadecimal id. */
  hex(id: string): void {
    const bytes = id.length >>> 1;
    this.varint(bytes);
    this.ensure(bytes);
    this.position = putHex(this.buffer, this.position, id);
  }

  /** Length and bytes. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    this.ensure(value.length);
    this.buffer.set(value, this.position);
    this.position += value.length;
  }

  /** Length and UTF-8 of a string. */
  string(value: string): void {
    const length = value.length;
    if (length > shortString) {
      this.#longString(value);
      return;
    }
    this.ensure(length + 1);
    const buffer = this.buffer;
    let at = this.position + 1;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        this.#longString(value);
        return;
      }
      buffer[at++] = unit;
    }
    buffer[this.position] = length;
    this.position = at;
  }

  #longString(value: string): void {
    this.ensure(value.length * 3 + 5);
    const start = this.position;
    const guess = varintSize(value.length);
    const written = this.buffer.write(value, start + guess, 'utf8');
    const size = varintSize(written);
    if (size !== guess) this.buffer.copyWithin(start + size, start + guess, start + guess + written);
    this.varint(written);
    this.position += written;
  }

  /** Opens a nested message whose length will probably take `reserved` bytes. Returns its start, for {@link close}. */
  open(reserved: 1 | 2): number {
    this.ensure(reserved);
    this.position += reserved;
    return this.position;
  }

  /** Closes the nested message opened at `start`. Moves its content if its length takes another number of bytes than reserved. */
  close(start: number, reserved: 1 | 2): void {
    const length = this.position - start;
    const size = varintSize(length);
    // Grow first, for the move and the length: growing after moving back would lose the content.
    this.ensure(4);
    if (size !== reserved) this.buffer.copyWithin(start - reserved + size, start, this.position);
    this.position = start - reserved;
    this.varint(length);
    this.position += length;
  }
}
