// Encodes spans into the open batch.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { BufferPool } from './buffer-pool.ts';
import { type InstrumentationScope, type Resource, writeResource, writeScope, writeSpan } from './otlp-encoder.ts';
import { ProtobufWriter, varintSize } from '../common/protobuf-writer.ts';

/** The spans of one resource and one scope within a batch. */
interface Group {
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
  bytes: number;
}

/** One encoded request, in its wire format. @internal */
export interface EncodedRequest {
  /** The buffer to return to the pool; `length` bytes of it are used. */
  readonly buffer: Buffer;
  readonly length: number;
  readonly spans: number;
}

/** Maximum bytes of working memory that are kept between batches. */
const largestKept = 4 * 1024 * 1024;

const resources = new WeakMap<Resource, Buffer>();
const scopes = new WeakMap<InstrumentationScope, Buffer>();

function encoded<K extends object>(
  key: K,
  cache: WeakMap<K, Buffer> | undefined,
  write: (writer: ProtobufWriter, key: K) => void,
): Buffer {
  const known = cache?.get(key);
  if (known !== undefined) return known;
  const writer = new ProtobufWriter(1024);
  write(writer, key);
  const bytes = Buffer.from(writer.buffer.subarray(0, writer.position));
  cache?.set(key, bytes);
  return bytes;
}

/**
 * The open batch. A span is encoded when it ends, so that no span object outlives its operation. Spans are grouped by resource and
 * scope when the batch is closed.
 *
 * @internal
 */
export class OpenBatch {
  #writer: ProtobufWriter = new ProtobufWriter();
  #groups: Group[] = [];
  /** Runs of spans of the same group: index of the group, start, end. */
  #runs: number[] = [];
  #last: Group | undefined;
  #lastIndex = -1;
  #lastStart = 0;
  spans = 0;

  /** Bytes of the spans so far. */
  get bytes(): number {
    return this.#writer.position;
  }

  /** Whether the detection of a resource is pending. */
  get resourcePending(): boolean {
    return this.#groups.some((group) => group.resource.asyncAttributesPending === true);
  }

  /** Resolves when all resources of the batch are known. */
  async resourcesSettled(): Promise<void> {
    await Promise.allSettled(this.#groups.map(async (group) => group.resource.waitForAsyncAttributes?.()));
  }

  /** Encodes a span; on an error (a getter that throws, a cycle) the batch is unchanged. */
  add(span: ReadableSpan): void {
    const writer = this.#writer;
    const start = writer.position;
    try {
      writeSpan(writer, span);
    } catch (error) {
      writer.position = start;
      throw error;
    }
    this.#record(span.resource, span.instrumentationScope, start);
    this.spans++;
  }

  #record(resource: Resource, scope: InstrumentationScope, start: number): void {
    const end = this.#writer.position;
    this.#lastStart = start;
    const last = this.#last;
    if (last !== undefined && last.scope === scope && last.resource === resource) {
      last.bytes += end - start;
      this.#runs[this.#runs.length - 1] = end;
      return;
    }
    let index = this.#groups.findIndex((group) => group.scope === scope && group.resource === resource);
    if (index < 0) index = this.#groups.push({ resource, scope, bytes: 0 }) - 1;
    const group = this.#groups[index]!;
    group.bytes += end - start;
    this.#runs.push(index, start, end);
    this.#last = group;
    this.#lastIndex = index;
  }

  /** Closes the batch into a buffer of the pool and starts the next. */
  close(pool: BufferPool): EncodedRequest {
    const request = this.#assemble(pool, this.spans);
    this.#reset(0);
    return request;
  }

  /** Closes the batch without its last span, which becomes the first of the next: for a span that exceeds the limit. */
  closeBeforeLast(pool: BufferPool): EncodedRequest {
    const group = this.#last!;
    const start = this.#lastStart;
    const end = this.#writer.position;
    group.bytes -= end - start;
    const runStart = this.#runs[this.#runs.length - 2]!;
    if (runStart === start) {
      this.#runs.length -= 3;
      if (group.bytes === 0) this.#groups.splice(this.#lastIndex, 1);
    } else {
      this.#runs[this.#runs.length - 1] = start;
    }
    const request = this.#assemble(pool, this.spans - 1);
    this.#writer.buffer.copyWithin(0, start, end);
    this.#reset(end - start);
    this.#record(group.resource, group.scope, 0);
    this.spans = 1;
    return request;
  }

  #reset(position: number): void {
    // The memory of one huge span must not stay allocated.
    if (position === 0 && this.#writer.buffer.length > largestKept) this.#writer = new ProtobufWriter();
    this.#writer.position = position;
    this.#groups = [];
    this.#runs = [];
    this.#last = undefined;
    this.#lastIndex = -1;
    this.spans = 0;
  }

  #assemble(pool: BufferPool, spans: number): EncodedRequest {
    const byResource = new Map<Resource, { head: Buffer; bytes: number; groups: number[] }>();
    const heads = this.#groups.map((group) => encoded(group.scope, scopes, writeScope));
    for (const [index, group] of this.#groups.entries()) {
      let entry = byResource.get(group.resource);
      if (entry === undefined) {
        const cache = group.resource.asyncAttributesPending === true ? undefined : resources;
        const head = encoded(group.resource, cache, writeResource);
        byResource.set(group.resource, (entry = { head, bytes: head.length, groups: [] }));
      }
      const inner = heads[index]!.length + group.bytes;
      entry.bytes += 1 + varintSize(inner) + inner;
      entry.groups.push(index);
    }
    let length = 0;
    for (const { bytes } of byResource.values()) length += 1 + varintSize(bytes) + bytes;

    const buffer = pool.take(length);
    let at = 0;
    const put = (source: Buffer, start: number, end: number): void => {
      source.copy(buffer, at, start, end);
      at += end - start;
    };
    const putHeader = (tag: number, size: number): void => {
      buffer[at++] = tag;
      let rest = size;
      for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
      buffer[at++] = rest;
    };
    for (const { head, bytes, groups } of byResource.values()) {
      putHeader(0x0a, bytes);
      put(head, 0, head.length);
      for (const index of groups) {
        putHeader(0x12, heads[index]!.length + this.#groups[index]!.bytes);
        put(heads[index]!, 0, heads[index]!.length);
        for (let run = 0; run < this.#runs.length; run += 3) {
          if (this.#runs[run] === index) put(this.#writer.buffer, this.#runs[run + 1]!, this.#runs[run + 2]!);
        }
      }
    }
    return { buffer, length, spans };
  }
}
