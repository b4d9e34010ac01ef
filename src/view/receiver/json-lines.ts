// Reads files of OTLP JSON lines.
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isRecord } from '../../common/check-options.ts';
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';
import type { Signal } from './intake.ts';

/** The content of a file of OTLP JSON lines. */
export interface ReadLines {
  requests: number;
  /** Number of lines that are not OTLP JSON. */
  refused: number;
}

/** Reads OTLP JSON, one request per line, as the `file` destination and the Collector's file exporter write it. */
export async function readJsonLines(
  path: string,
  onRequest: (signal: Signal, request: Buffer) => void,
  onProgress: (share: number) => void = () => {},
  signal?: AbortSignal,
): Promise<ReadLines> {
  const { size } = statSync(path);
  const read: ReadLines = { requests: 0, refused: 0 };
  const source = createReadStream(path);
  for await (const line of createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })) {
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
