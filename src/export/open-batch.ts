// Encodes spans into the open batch.
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { BufferPool } from './buffer-pool.ts';
import { type InstrumentationScope, type Resource, writeResource, writeScope, writeSpan } from './otlp-encoder.ts';
import { ProtobufWriter, putVarint, varintSize } from '../common/protobuf-writer.ts';

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
/** Batches of this size are not copied. */
const largeBatch = 32_768;

/** Writes tag and length of a nested message. Returns the position after them. */
function putHeader(buffer: Buffer, start: number, tag: number, size: number): number {
  buffer[start] = tag;
  return putVarint(buffer, start + 1, size);
}

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

/** The bytes of a resource, which are kept unless it is still being detected. */
function headOf(resource: Resource): Buffer {
  return encoded(resource, resource.asyncAttributesPending === true ? undefined : resources, writeResource);
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
  /** The position of the first span. What the last batch had before its spans fits in front of it. */
  #start = 0;
  spans = 0;

  /** Bytes of the spans so far. */
  get bytes(): number {
    return this.#writer.position - this.#start;
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
    this.#startRun(resource, scope, start, end);
  }

  /** Not in the method above, because its closure would be prepared for each span. */
  #startRun(resource: Resource, scope: InstrumentationScope, start: number, end: number): void {
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
    const request = this.bytes >= largeBatch && this.#groups.length === 1 ? this.#handOver(pool) : undefined;
    if (request !== undefined) return request;
    const assembled = this.#assemble(pool, this.spans);
    this.#reset();
    return assembled;
  }

  /**
   * Closes a batch of one resource and scope without copying its spans: the rest of the request is written in front of them.
   * Undefined if most of the buffer would be unused.
   */
  #handOver(pool: BufferPool): EncodedRequest | undefined {
    const writer = this.#writer;
    const { spans } = this;
    const { resource, scope, bytes } = this.#groups[0]!;
    const resourceHead = headOf(resource);
    const scopeHead = encoded(scope, scopes, writeScope);
    const inner = scopeHead.length + bytes;
    const outer = resourceHead.length + 1 + varintSize(inner) + inner;
    const length = 1 + varintSize(outer) + outer;
    if (length * 2 < writer.buffer.length) return undefined;
    const start = length - bytes;
    if (start !== this.#start) {
      writer.ensure(start);
      writer.buffer.copyWithin(start, this.#start, this.#start + bytes);
    }
    const { buffer } = writer;
    let at = putHeader(buffer, 0, 0x0a, outer);
    at += resourceHead.copy(buffer, at);
    at = putHeader(buffer, at, 0x12, inner);
    scopeHead.copy(buffer, at);
    // The next batch will probably be of about this size.
    writer.buffer = pool.takeLarge(length + length / 8);
    this.#start = start;
    this.#reset();
    return { buffer, length, spans };
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
    this.#writer.buffer.copyWithin(this.#start, start, end);
    this.#reset(end - start);
    this.#record(group.resource, group.scope, this.#start);
    this.spans = 1;
    return request;
  }

  /** @param bytes - those that are in the buffer already. */
  #reset(bytes = 0): void {
    // The memory of one huge span must not stay allocated.
    if (bytes === 0 && this.#writer.buffer.length > largestKept) {
      this.#writer = new ProtobufWriter();
      this.#start = 0;
    }
    this.#writer.position = this.#start + bytes;
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
        const head = headOf(group.resource);
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
    for (const { head, bytes, groups } of byResource.values()) {
      at = putHeader(buffer, at, 0x0a, bytes);
      put(head, 0, head.length);
      for (const index of groups) {
        at = putHeader(buffer, at, 0x12, heads[index]!.length + this.#groups[index]!.bytes);
        put(heads[index]!, 0, heads[index]!.length);
        for (let run = 0; run < this.#runs.length; run += 3) {
          if (this.#runs[run] === index) put(this.#writer.buffer, this.#runs[run + 1]!, this.#runs[run + 2]!);
        }
      }
    }
    return { buffer, length, spans };
  }
}
