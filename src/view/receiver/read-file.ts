// Reads a file of telemetry into a store.
import { statSync } from 'node:fs';
import type { SpanStore } from '../store/store.ts';
import type { Signal } from './intake.ts';
import { readJsonLines, type ReadLines } from './json-lines.ts';
import { isRequestLog, readRequests } from './request-log.ts';

/** Reads a file into a store: OTLP JSON lines, or a file of `mqtrace view --file`. */
export async function readFileInto(
  store: SpanStore,
  path: string,
  onProgress: (share: number) => void = () => {},
  signal?: AbortSignal,
): Promise<ReadLines> {
  const add = (signal: Signal, request: Buffer): void => {
    if (signal === 'traces') store.addTraces(request);
    else store.addMetrics(request);
  };
  if (!isRequestLog(path)) {
    const read = await readJsonLines(path, add, onProgress, signal);
    store.settle();
    return read;
  }
  const read: ReadLines = { requests: 0, refused: 0 };
  const addOrPass = (signal: Signal, request: Buffer): void => {
    try {
      add(signal, request);
      read.requests++;
    } catch {
      read.refused++;
    }
  };
  await readRequests(path, statSync(path).size, addOrPass, onProgress, signal);
  store.settle();
  return read;
}
