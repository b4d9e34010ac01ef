// Stores unsettled deliveries without a span in little memory.
import { ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import type { Incoming, LightOperation } from '../messaging/index.ts';
import { isPlainTraceparentOf, parsePlainTraceparent } from '../propagation/plain-traceparent.ts';
import { Delivery } from './deliveries.ts';
import type { Place } from './place.ts';
import { chunkSize, countOf, endsWithin, TagChunks } from './tag-chunks.ts';
import type { MessageLike } from './types.ts';

/** Deliveries with neighbouring tags. */
interface Chunk {
  readonly traceparents: (string | undefined)[];
  readonly places: (Place | undefined)[];
  /** The operations that end with the settlement; undefined until there is one. */
  operations: (LightOperation | undefined)[] | undefined;
  count: number;
}

/**
 * The unsettled deliveries of a channel whose spans are certainly unsampled. Only the `traceparent` of each is
 * stored, as text, and the data that it shares with others. It becomes a {@link Delivery} when one is needed: for the
 * links of a settlement of several messages.
 */
export class LightDeliveries {
  readonly #chunks = new TagChunks<Chunk>(() => ({
    traceparents: Array(chunkSize).fill(undefined),
    places: Array(chunkSize).fill(undefined),
    operations: undefined,
    count: 0,
  }));
  #highest = 0;

  /** The highest tag so far. */
  get highest(): number {
    return this.#highest;
  }

  get size(): number {
    return this.#chunks.tags;
  }

  /** Stores a delivery; returns false if it has data that is not stored here. */
  push(message: MessageLike, creation: SpanContext | undefined, place: Place): boolean {
    const { fields, properties } = message;
    const { messageId, correlationId } = properties;
    if (messageId !== undefined || correlationId !== undefined || creation === undefined) return false;
    const { headers } = properties as { headers?: { traceparent?: unknown } };
    const traceparent = headers?.traceparent;
    if (typeof traceparent !== 'string' || !isPlainTraceparentOf(traceparent, creation)) return false;
    const { deliveryTag: tag } = fields;
    if (!Number.isSafeInteger(tag) || tag < 0) return false;
    const chunk = this.#chunks.findOrAdd(tag);
    const at = tag % chunkSize;
    if (chunk.operations?.[at] !== undefined) return false;
    if (tag > this.#highest) this.#highest = tag;
    if (chunk.places[at] === undefined) this.#chunks.countAdded(chunk);
    chunk.traceparents[at] = traceparent;
    chunk.places[at] = place;
    return true;
  }

  has(tag: number): boolean {
    return this.#chunks.find(tag)?.places[tag % chunkSize] !== undefined;
  }

  /** The destination of a delivery. */
  destinationOf(tag: number): Incoming['destination'] {
    return this.#chunks.find(tag)?.places[tag % chunkSize]?.destination;
  }

  /** Lets the settlement of a delivery end an operation. Returns false if the delivery is not here. */
  endWhenSettled(tag: number, operation: LightOperation): boolean {
    const chunk = this.#chunks.find(tag);
    if (chunk?.places[tag % chunkSize] === undefined) return false;
    chunk.operations ??= Array(chunkSize).fill(undefined);
    chunk.operations[tag % chunkSize] = operation;
    return true;
  }

  /** Removes the operation of a delivery without ending it. */
  takeOperation(tag: number): LightOperation | undefined {
    return takeFrom(this.#chunks.find(tag)?.operations, tag % chunkSize);
  }

  /** Removes all operations without ending them. */
  *takeOperations(): Iterable<LightOperation> {
    for (const [, { operations }] of this.#chunks) {
      for (let at = 0; at < chunkSize; at++) {
        const operation = takeFrom(operations, at);
        if (operation !== undefined) yield operation;
      }
    }
  }

  /** Removes a settled delivery, and ends its operation. */
  delete(tag: number): void {
    const chunk = this.#chunks.find(tag);
    const at = tag % chunkSize;
    if (chunk?.places[at] === undefined) return;
    chunk.places[at] = undefined;
    chunk.traceparents[at] = undefined;
    takeFrom(chunk.operations, at)?.end();
    this.#chunks.countRemoved(tag, chunk);
  }

  /** Removes all deliveries up to a tag, and ends their operations. */
  deleteUpTo(tag: number): void {
    for (const [index, chunk] of this.#chunks.upTo(tag)) {
      const first = index * chunkSize;
      if (endsWithin(index, tag)) {
        for (let at = 0; at < (chunk.operations?.length ?? 0); at++) takeFrom(chunk.operations, at)?.end();
        this.#chunks.delete(index);
      } else {
        for (let each = first; each <= tag; each++) this.delete(each);
      }
    }
  }

  clear(): void {
    this.deleteUpTo(Number.POSITIVE_INFINITY);
  }

  find(tag: number): Delivery | undefined {
    const chunk = this.#chunks.find(tag);
    const place = chunk?.places[tag % chunkSize];
    return place && deliveryOf(tag, chunk.traceparents[tag % chunkSize]!, place);
  }

  /** The deliveries up to a tag, by the index of their chunk. */
  findUpTo(tag: number): Map<number, LightList> {
    const found = new Map<number, LightList>();
    if (this.size === 0) return found;
    for (const [index, { places, traceparents, count }] of this.#chunks.upTo(tag)) {
      const first = index * chunkSize;
      const end = tag - first + 1;
      const known = endsWithin(index, tag) ? count : countOf(places.slice(0, end));
      found.set(index, new LightList(first, places.slice(0, end), traceparents.slice(0, end), known));
    }
    return found;
  }
}

/** A copy of deliveries with neighbouring tags. */
class LightList {
  readonly #first: number;
  readonly #places: readonly (Place | undefined)[];
  readonly #traceparents: readonly (string | undefined)[];

  readonly count: number;

  constructor(
    first: number,
    places: readonly (Place | undefined)[],
    traceparents: readonly (string | undefined)[],
    count: number,
  ) {
    this.count = count;
    this.#first = first;
    this.#places = places;
    this.#traceparents = traceparents;
  }

  get length(): number {
    return this.#places.length;
  }

  find(at: number): Delivery | undefined {
    const place = this.#places[at];
    return place && deliveryOf(this.#first + at, this.#traceparents[at]!, place);
  }
}

function takeFrom(operations: Chunk['operations'], at: number): LightOperation | undefined {
  const operation = operations?.[at];
  if (operation !== undefined) operations![at] = undefined;
  return operation;
}

function deliveryOf(tag: number, traceparent: string, place: Place): Delivery {
  const creation = parsePlainTraceparent(traceparent);
  const delivery = new Delivery(tag, place, creation);
  delivery.context = creation === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, creation);
  return delivery;
}
