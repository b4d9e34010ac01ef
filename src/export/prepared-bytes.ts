// Keeps the bytes of what the light spans of one name have in common.
import type { SpanKind } from '@opentelemetry/api';
import type { ProtobufWriter } from '../common/protobuf-writer.ts';
import { RecentMap } from '../common/recent-map.ts';
import type { FlatAttributes } from './flat-attributes.ts';

/** Writes name and kind, and then one attribute of a span. @internal */
export interface SpanParts {
  head(writer: ProtobufWriter, name: string, kind: SpanKind): void;
  attribute(writer: ProtobufWriter, key: string, value: unknown): void;
}

/** The first attributes of spans with this name and kind, as far as they were the same so far, with their bytes. */
interface Prepared {
  kind: SpanKind;
  /** Names and values by turns. */
  flat: FlatAttributes;
  bytes: Uint8Array;
  /** How many spans may still use it before it is looked whether more is the same by now. */
  uses: number;
}

/** Names of spans that are followed; more would be names with ids in them. */
const namesAtMost = 200;
const usesAtMost = 1000;

/**
 * The spans of one operation begin with the same attributes, in the same order: system, operation, destination, client. Their bytes
 * are kept by the name of the span, and used again for as long as each name and value is the same.
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
  #prepare(writer: ProtobufWriter, name: string, kind: SpanKind, flat: FlatAttributes, length: number): void {
    const start = writer.position;
    let end = start;
    this.#parts.head(writer, name, kind);
    for (let at = 0; at <= flat.length; at += 2) {
      if (at === length) end = writer.position;
      if (at < flat.length) this.#parts.attribute(writer, flat[at] as string, flat[at + 1]);
    }
    // A copy of its own: the writer goes on in the same memory.
    const bytes = Uint8Array.prototype.slice.call(writer.buffer, start, end);
    const prepared = { kind, flat: flat.slice(0, length), bytes, uses: usesAtMost };
    this.#byName.set(name, prepared);
    this.#lastName = name;
    this.#last = prepared;
  }
}
