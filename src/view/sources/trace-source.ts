// What a store of traces must offer so that a trace can be imported from it. Jaeger is one; Tempo can be another: its TraceQL also finds
// the traces that link to one, which `linkedFrom` is for.

/** A span as OTLP's JSON holds it, as far as an import looks at it. */
interface OtlpJsonSpan {
  spanId?: string;
  links?: { traceId?: string }[];
}

/** A trace as OTLP's JSON. */
export interface OtlpJsonTrace {
  resourceSpans: { scopeSpans?: { spans?: OtlpJsonSpan[] }[] }[];
}

export interface TraceSource {
  /** For messages, such as "Jaeger". */
  readonly name: string;
  /** What cannot be learned from it, as a sentence. */
  readonly cannotTell: string;
  /** A trace by its id; undefined where it is not known. @throws MqtraceError `INVALID_STATE` where the source does not answer. */
  trace(traceId: string, signal?: AbortSignal): Promise<OtlpJsonTrace | undefined>;
  /** Ids of the traces whose spans link to this trace, where the source can find them. */
  linkedFrom?(traceId: string, signal?: AbortSignal): Promise<string[]>;
}
