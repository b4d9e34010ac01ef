// What the receivers for OTLP have in common: how they behave, and what they count.
import type { IncomingHttpHeaders } from 'node:http';
import { decodeJson, decodeProtobuf } from './otlp-decode.ts';

/** How the receiver behaves; spans count as received only where it takes them. */
export interface Behaviour {
  /** HTTP status, or code of a gRPC error. Default: success. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** A google.rpc.Status for gRPC. */
  readonly details?: Buffer;
  /** Milliseconds before the answer. */
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** One byte of the answer every so many milliseconds, without end. */
  readonly dripMs?: number;
  /** Closes the connection: before reading, or after the headers of the answer. */
  readonly cut?: 'before' | 'after';
  /** Spans of a request that it says it rejected. */
  readonly reject?: number;
  /** Requests with more spans than this are too large. */
  readonly maxSpans?: number;
}

/** Counts what arrives, by span id. */
export class Received {
  readonly spans: Map<string, number> = new Map();
  requests = 0;
  /** Requests that were answered with an error. */
  refused = 0;
  /** Requests that were no export request. */
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
