// Defines the interface of senders and their results.
/** The result of an export. @internal */
export type SendResult =
  /** Acknowledged, except for `rejected` spans. `unreadable`: the response is not OTLP. */
  | {
      readonly status: 'ok';
      readonly rejected: number;
      readonly detail?: string | undefined;
      readonly unreadable?: boolean | undefined;
      readonly httpStatus?: number | undefined;
    }
  | {
      /** Failed and can be retried. */
      readonly status: 'retry';
      /** The delay in milliseconds that the receiver requested. */
      readonly afterMs?: number | undefined;
      /** The receiver responded, but not with success. */
      readonly answered?: boolean | undefined;
      /** It responded with success, but the response, which may report rejected spans, was truncated. */
      readonly incomplete?: boolean | undefined;
      /** The peer uses another protocol: a retry will hardly succeed. */
      readonly wrongProtocol?: boolean | undefined;
      readonly error: unknown;
    }
  /** Too large: can be retried in halves. */
  | { readonly status: 'split'; readonly error: unknown }
  /** Rejected; a retry would not help. */
  | { readonly status: 'reject'; readonly error: unknown };

/** A failed attempt with its `error.type`. @internal */
export interface SendFailure {
  readonly type: string;
  readonly httpStatus?: number | undefined;
  readonly grpcStatus?: string | undefined;
}

/**
 * Sends encoded export requests (OTLP protobuf) to one receiver. `send` never throws, and settles soon after its signal is aborted.
 * The bytes must not be modified until it settles.
 *
 * @internal
 */
export interface Sender {
  send(bytes: Buffer, signal: AbortSignal): Promise<SendResult>;
  /** Closes connections; `send` is not called afterwards. */
  close(): void;
}
