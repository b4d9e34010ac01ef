// Decodes protobuf's wire format.
/**
 * Reads protobuf's wire format field by field. Throws a `RangeError` if the bytes end within a field or use an unknown wire type.
 *
 * @internal
 */
export class ProtobufReader {
  readonly #bytes: Buffer;
  #end: number;
  position: number;
  /** Field number of the field that {@link next} found. */
  field = 0;
  /** Where that field's tag starts. */
  fieldStart = 0;
  #wireType = 0;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.position = start;
    this.#end = end;
  }

  /** Moves to the next field. Returns false at the end. */
  next(): boolean {
    if (this.position >= this.#end) return false;
    this.fieldStart = this.position;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    return true;
  }

  /** An unsigned varint; exact up to 2^53. */
  varint(): number {
    const first = this.#bytes[this.position];
    if (first !== undefined && first < 0x80 && this.position < this.#end) {
      this.position++;
      return first;
    }
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new RangeError('varint of more than ten bytes');
  }

  /** A signed 64-bit varint as a number; exact up to 2^53. */
  signed(): number {
    const first = this.#bytes[this.position];
    return first !== undefined && first < 0x80 ? this.varint() : Number(this.int64());
  }

  /** A signed 64-bit varint. */
  int64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new RangeError('varint of more than ten bytes');
  }

  /** Whether the field that {@link next} found is length-delimited: bytes, text, a nested message, packed numbers. */
  get hasLength(): boolean {
    return this.#wireType === 2;
  }

  /** Start and end of a length-delimited field. */
  range(): { start: number; end: number } {
    if (this.#wireType !== 2) throw new RangeError('the field has another wire type than expected');
    const start = this.varint() + this.position;
    const begin = this.position;
    if (start > this.#end) throw new RangeError('the bytes end within a field');
    this.position = start;
    return { start: begin, end: start };
  }

  /** The bytes of a length-delimited field. */
  bytes(): Buffer {
    const { start, end } = this.range();
    return this.#bytes.subarray(start, end);
  }

  /** A reader of a nested message. */
  message(): ProtobufReader {
    const { start, end } = this.range();
    return new ProtobufReader(this.#bytes, start, end);
  }

  /** A reader of a range returned by {@link range}. */
  part(start: number, end: number): ProtobufReader {
    return new ProtobufReader(this.#bytes, start, end);
  }

  /** Enters a nested message, at whose end {@link next} returns false. Returns the value to pass to {@link leave}. */
  enter(): number {
    const outer = this.#end;
    const { start, end } = this.range();
    this.position = start;
    this.#end = end;
    return outer;
  }

  /** Returns to the enclosing message of the one that {@link enter} entered, after that one. */
  leave(outer: number): void {
    this.position = this.#end;
    this.#end = outer;
  }

  /** A string. */
  string(): string {
    const { start, end } = this.range();
    return this.#bytes.toString('utf8', start, end);
  }

  /** The text of a range returned by {@link range}, or of a part of it. */
  text(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end);
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  fixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  /** Skips the field that {@link next} found. */
  skip(): void {
    if (this.#wireType === 0) this.varint();
    else if (this.#wireType === 1) this.#advance(8);
    else if (this.#wireType === 2) this.range();
    else if (this.#wireType === 5) this.#advance(4);
    else throw new RangeError('an unknown wire type');
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)]!;
  }

  #advance(bytes: number): number {
    const at = this.position;
    if (at + bytes > this.#end) throw new RangeError('the bytes end within a field');
    this.position = at + bytes;
    return at;
  }
}
