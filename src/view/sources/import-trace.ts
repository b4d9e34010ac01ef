// Imports a trace, with those that it came from, into a store.
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';
import type { SpanStore } from '../store/store.ts';
import type { OtlpJsonTrace, TraceSource } from './trace-source.ts';

export interface ImportOptions {
  /** At most this many traces; links go on and on in some pipelines. Default: 100. */
  maxTraces?: number;
  onProgress?: (traces: number) => void;
  signal?: AbortSignal;
}

/** What was imported. */
export interface Imported {
  traces: number;
  spans: number;
  /** Linked traces that the source no longer has. */
  missing: number;
  /** Whether there were more linked traces than were imported. */
  more: boolean;
}

/**
 * Imports a trace and, link by link, the traces that its spans link to, which are those that a message came from. Where the source can
 * find the traces that link to the first one, these are imported, too.
 */
export async function importTrace(
  store: SpanStore,
  source: TraceSource,
  traceId: string,
  { maxTraces = 100, onProgress = () => {}, signal }: ImportOptions = {},
): Promise<Imported> {
  const waiting = [traceId, ...((await source.linkedFrom?.(traceId, signal)) ?? [])];
  const asked = new Set(waiting);
  const imported: Imported = { traces: 0, spans: 0, missing: 0, more: false };
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (imported.traces + imported.missing >= maxTraces) {
      imported.more = true;
      break;
    }
    const trace = await source.trace(id, signal);
    if (trace === undefined) {
      imported.missing++;
      continue;
    }
    store.addTraces(jsonToProtobuf('traces', trace));
    imported.traces++;
    for (const { links = [] } of spansOf(trace)) {
      imported.spans++;
      for (const { traceId: linked } of links) {
        if (linked === undefined || !/^[0-9a-f]{32}$/.test(linked) || asked.has(linked)) continue;
        asked.add(linked);
        waiting.push(linked);
      }
    }
    onProgress(imported.traces);
  }
  store.settle();
  return imported;
}

function spansOf({ resourceSpans }: OtlpJsonTrace): { links?: { traceId?: string }[] }[] {
  return resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans));
}
