// Defines the interface of a backend from which traces are imported. Jaeger is one. Tempo can be another: its TraceQL can also find
// the traces that link to a trace, for `linkedFrom`.

/** A span of OTLP JSON, with the fields that the import reads. */
interface OtlpJsonSpan {
  spanId?: string;
  links?: { traceId?: string }[];
}

/** A trace as OTLP JSON. */
export interface OtlpJsonTrace {
  resourceSpans: { scopeSpans?: { spans?: OtlpJsonSpan[] }[] }[];
}

export interface TraceSource {
  /** Its name in messages, such as "Jaeger". */
  readonly name: string;
  /** The limits of this source, in sentences. */
  readonly cannotTell: string;
  /** Finds a trace by its id; undefined if there is none. @throws MqtraceError `INVALID_STATE` if the source does not answer. */
  trace(traceId: string, signal?: AbortSignal): Promise<OtlpJsonTrace | undefined>;
  /** Finds the ids of traces whose spans link to this trace, if the source can do that. */
  linkedFrom?(traceId: string, signal?: AbortSignal): Promise<string[]>;
}
