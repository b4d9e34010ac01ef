// The interface of a carrier: how one message format holds text headers.
import type { TextMapGetter, TextMapSetter } from '@opentelemetry/api';

/**
 * How one kind of message holds text headers: OpenTelemetry's getter and setter for it, plus what they lack.
 *
 * Any `TextMapPropagator` works with an adapter. Names are read without regard to case. Repeated headers, Buffers and size limits
 * are handled here, so that a propagator gets one plain string or nothing. Reading never throws, whatever the message holds. `copy`
 * throws only what a getter or proxy among the application's own headers throws, because a copy without that header would be another
 * message. Only `set` and `remove` change what they are given: call them on a `copy`.
 *
 * @typeParam H - the header shape, as the client library gives it.
 */
export interface CarrierAdapter<H> extends TextMapGetter<H>, TextMapSetter<H> {
  /** The format's name, for diagnosis. */
  readonly name: string;
  /**
   * The value that counts, as text. A repeated list header (`tracestate`, `baggage`) is joined with `,`; of any other
   * repeated header queues take the last value. Values over the limits of `limits.ts` are cut to whole members or ignored.
   */
  get(carrier: H, key: string): string | undefined;
  /** Every value of a header as text, in the order of the message, within the same limits. */
  getAll(carrier: H, key: string): string[];
  /** The header names as they are written in the message. */
  keys(carrier: H): string[];
  /** Writes a header. Does not look for other spellings of its name: call `remove` first. */
  set(carrier: H, key: string, value: string): void;
  /** A shallow copy that may be written to; an empty one for no headers. Values are shared, never changed. */
  copy(carrier: H | null | undefined): H;
  /** Removes every header of these names, without regard to case. */
  remove(carrier: H, names: readonly string[]): void;
}
