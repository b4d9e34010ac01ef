// Imports a trace and the traces that it links to into a store.
import { jsonToProtobuf } from '../otlp/json-to-protobuf.ts';
import type { SpanStore } from '../store/store.ts';
import type { OtlpJsonTrace, TraceSource } from './trace-source.ts';

export interface ImportOptions {
  /** Maximum number of traces, because in some pipelines links never end. Default: 100. */
  maxTraces?: number;
  onProgress?: (traces: number) => void;
  signal?: AbortSignal;
}

/** The result of an import. */
export interface Imported {
  traces: number;
  spans: number;
  /** Number of traces that the source does not have. */
  missing: number;
  /** Whether there were more linked traces than were imported. */
  more: boolean;
}

/**
 * Imports a trace and, following all links, the traces to which its spans link: those of earlier messages. If the source can find the
 * traces that link to the first one, these are also imported.
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
