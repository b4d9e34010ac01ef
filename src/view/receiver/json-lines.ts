// Reads files of OTLP JSON lines.
import { closeSync, createReadStream, openSync, type ReadStream, readSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isRecord } from '../../common/check-options.ts';
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';
import type { Signal } from './intake.ts';

/** The content of a file of OTLP JSON lines. */
export interface ReadLines {
  requests: number;
  /** Number of lines that are not OTLP JSON. */
  refused: number;
  /** Why the rest of a compressed file could not be read. */
  damage?: string;
}

/** Reads OTLP JSON, one request per line, as the `file` destination and the Collector's file exporter write it, also compressed by gzip. */
export async function readJsonLines(
  path: string,
  onRequest: (signal: Signal, request: Buffer) => void,
  onProgress: (share: number) => void = () => {},
  signal?: AbortSignal,
): Promise<ReadLines> {
  const { size } = statSync(path);
  const read: ReadLines = { requests: 0, refused: 0 };
  const source = createReadStream(path);
  const input = isGzip(path) ? Readable.from(unzipped(source, read)) : source;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    signal?.throwIfAborted();
    if (line.trim() === '') continue;
    try {
      const json: unknown = JSON.parse(line);
      if (!isRecord(json)) throw new Error('not an object');
      if ('resourceSpans' in json) onRequest('traces', jsonToProtobuf('traces', json));
      else if ('resourceMetrics' in json) onRequest('metrics', jsonToProtobuf('metrics', json));
      else if (!('resourceLogs' in json)) throw new Error('not an OTLP request');
      read.requests++;
    } catch {
      read.refused++;
    }
    onProgress(source.bytesRead / Math.max(1, size));
  }
  return read;
}

function isGzip(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(2);
    return readSync(file, start, 0, 2, 0) === 2 && start.readUInt16BE() === 0x1f8b;
  } finally {
    closeSync(file);
  }
}

/** The content of a gzip file, up to where it is damaged or ends too early, as after a crash. */
async function* unzipped(source: ReadStream, read: ReadLines): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of source.pipe(createGunzip())) yield chunk as Buffer;
  } catch (error) {
    read.damage = error instanceof Error ? error.message : 'damaged';
    // Ends the last line, which may be incomplete.
    yield Buffer.from('\n');
  }
}
