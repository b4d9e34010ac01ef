// Caches the encoded attributes that light spans of the same name share.
import type { SpanKind } from '@opentelemetry/api';
import type { ProtobufWriter } from '../common/protobuf-writer.ts';
import { RecentMap } from '../common/recent-map.ts';
import type { FlatAttributes } from './flat-attributes.ts';

/** Writes name and kind, and then one attribute of a span. @internal */
export interface SpanParts {
  head(writer: ProtobufWriter, name: string, kind: SpanKind): void;
  attribute(writer: ProtobufWriter, key: string, value: unknown): void;
}

/** The common first attributes of spans with this name and kind, with their bytes. */
interface Prepared {
  kind: SpanKind;
  /** Alternating names and values. */
  flat: FlatAttributes;
  bytes: Uint8Array;
  /** The number of spans after which the common attributes are determined again. */
  uses: number;
}

/** Maximum number of tracked span names; more would be names that contain ids. */
const namesAtMost = 200;
const usesAtMost = 1000;

/**
 * The spans of one operation start with the same attributes in the same order: system, operation, destination, client. Their bytes
 * are cached by the span's name, and reused while each name and value is the same.
 *
 * @internal
 */
export class PreparedBytes {
  readonly #parts: SpanParts;
  readonly #byName: RecentMap<string, Prepared> = new RecentMap(namesAtMost);
  #lastName: string | undefined;
  #last: Prepared | undefined;

  constructor(parts: SpanParts) {
    this.#parts = parts;
  }

  /** Writes name, kind and attributes. */
  write(writer: ProtobufWriter, name: string, kind: SpanKind, flat: FlatAttributes): void {
    const prepared = name === this.#lastName ? this.#last : this.#find(name);
    if (prepared === undefined || prepared.kind !== kind || prepared.uses-- <= 0) {
      this.#prepare(writer, name, kind, flat, flat.length);
      return;
    }
    const same = prepared.flat;
    for (let at = 0; at < same.length; at++) {
      if (flat[at] !== same[at]) {
        this.#prepare(writer, name, kind, flat, at & ~1);
        return;
      }
    }
    writer.raw(prepared.bytes);
    for (let at = same.length; at < flat.length; at += 2) {
      this.#parts.attribute(writer, flat[at] as string, flat[at + 1]);
    }
  }

  #find(name: string): Prepared | undefined {
    const found = this.#byName.get(name);
    this.#lastName = name;
    this.#last = found;
    return found;
  }

  /** Writes the span and keeps the bytes of its first `length` names and values. */
  #prepare(writer: ProtobufWriter, name: string, kind: SpanKind, flat: FlatAttributes, longest: number): void {
    const length = plainLength(flat, longest);
    const start = writer.position;
    let end = start;
    this.#parts.head(writer, name, kind);
    for (let at = 0; at <= flat.length; at += 2) {
      if (at === length) end = writer.position;
      if (at < flat.length) this.#parts.attribute(writer, flat[at] as string, flat[at + 1]);
    }
    // A copy, because the writer reuses its memory.
    const bytes = Uint8Array.prototype.slice.call(writer.buffer, start, end);
    const prepared = { kind, flat: flat.slice(0, length), bytes, uses: usesAtMost };
    this.#byName.set(name, prepared);
    this.#lastName = name;
    this.#last = prepared;
  }
}

/** The length of the first names and values up to `longest` that cannot be modified: not of lists. */
function plainLength(flat: FlatAttributes, longest: number): number {
  for (let at = 1; at < longest; at += 2) if (typeof flat[at] === 'object') return at - 1;
  return longest;
}
