// Defines the interface of a carrier: how one message format stores text headers.
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/**
 * How one message format stores text headers: OpenTelemetry's getter and setter, plus `getAll`, `copy` and `remove`.
 *
 * Any `TextMapPropagator` works with an adapter. Names are read case-insensitively. Repeated headers, Buffers and size limits are
 * handled here, so that a propagator gets one string or nothing. Reading never throws, for any message. `copy` throws only if a
 * getter or proxy in the application's headers throws, because a copy without that header would be another message. Only `set` and
 * `remove` modify their argument: call them on a `copy`.
 *
 * @typeParam H - the type of the headers in the client library.
 */
export interface CarrierAdapter<H> extends TextMapGetter<H>, TextMapSetter<H> {
  /** The format's name, for diagnostics. */
  readonly name: string;
  /**
   * The effective value, as text. A repeated list header (`tracestate`, `baggage`) is joined with `,`; for any other repeated
   * header, queues use the last value. Values over the limits of `limits.ts` are cut to whole members or ignored.
   */
  get(carrier: H, key: string): string | undefined;
  /** Every value of a header as text, in the order of the message, within the same limits. */
  getAll(carrier: H, key: string): string[];
  /** The header names in the spelling of the message. */
  keys(carrier: H): string[];
  /** Writes a header. Does not look for other spellings of its name: call `remove` first. */
  set(carrier: H, key: string, value: string): void;
  /** A shallow, writable copy; empty if there are no headers. Values are shared and never modified. */
  copy(carrier: H | null | undefined): H;
  /** Removes all headers with these names, case-insensitively. */
  remove(carrier: H, names: readonly string[]): void;
}
