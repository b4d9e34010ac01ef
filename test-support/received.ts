// Shared code of the OTLP receivers: their behaviour and their counters.
import type { IncomingHttpHeaders } from 'node:http';
import { decodeJson, decodeProtobuf } from './otlp-decode.ts';

/** How the receiver behaves; spans count as received only if it accepts them. */
export interface Behaviour {
  /** HTTP status, or code of a gRPC error. Default: success. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** A google.rpc.Status for gRPC. */
  readonly details?: Buffer;
  /** Milliseconds before the response. */
  readonly delayMs?: number;
  /** Never responds. */
  readonly hang?: boolean;
  /** Sends one byte of the response per this many milliseconds, endlessly. */
  readonly dripMs?: number;
  /** Closes the connection: before reading, or after the headers of the response. */
  readonly cut?: 'before' | 'after';
  /** The number of spans of a request that it reports as rejected. */
  readonly reject?: number;
  /** Requests with more spans than this are rejected as too large. */
  readonly maxSpans?: number;
}

/** Counts received spans by span id. */
export class Received {
  readonly spans: Map<string, number> = new Map();
  requests = 0;
  /** Requests for which the response was an error. */
  refused = 0;
  /** Requests that were not export requests. */
  undecodable = 0;
  /** Headers of the latest request. */
  headers: IncomingHttpHeaders = {};
  open = 0;
  mostOpen = 0;
  /** Finds the ids in a request in protobuf. */
  readIds: (body: Buffer) => string[] = (body) => decodeProtobuf(body).map(({ spanId }) => spanId);

  /** The span ids of a request; undefined if it cannot be decoded. */
  decode(body: Buffer, json: boolean): string[] | undefined {
    try {
      return json ? decodeJson(body).map(({ spanId }) => spanId) : this.readIds(body);
    } catch {
      this.undecodable++;
      return undefined;
    }
  }

  take(ids: readonly string[]): void {
    for (const id of ids) this.spans.set(id, (this.spans.get(id) ?? 0) + 1);
  }
}
