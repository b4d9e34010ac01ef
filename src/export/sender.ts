/** How an export went. @internal */
export type SendResult =
  /** Acknowledged, except for `rejected` spans. `unreadable`: the answer is not one of OTLP. */
  | {
      readonly status: 'ok';
      readonly rejected: number;
      readonly detail?: string | undefined;
      readonly unreadable?: boolean | undefined;
      readonly httpStatus?: number | undefined;
    }
  | {
      /** Worth another try. */
      readonly status: 'retry';
      /** The receiver asked for a pause of so many milliseconds. */
      readonly afterMs?: number | undefined;
      /** The receiver answered, though not with success. */
      readonly answered?: boolean | undefined;
      /** It answered with success, but what it said of rejected spans was cut off. */
      readonly incomplete?: boolean | undefined;
      /** What answered does not speak this protocol: another try will hardly go better. */
      readonly wrongProtocol?: boolean | undefined;
      readonly error: unknown;
    }
  /** Too large: worth a try in halves. */
  | { readonly status: 'split'; readonly error: unknown }
  /** Rejected; a retry would not help. */
  | { readonly status: 'reject'; readonly error: unknown };

/** A failed attempt, by what metrics say of it. @internal */
export interface SendFailure {
  readonly type: string;
  readonly httpStatus?: number | undefined;
  readonly grpcStatus?: string | undefined;
}

/**
 * Takes encoded export requests (OTLP protobuf) to one receiver. `send` never throws and settles soon after its signal is
 * aborted; the bytes are the sender's until it settles.
 *
 * @internal
 */
export interface Sender {
  send(bytes: Buffer, signal: AbortSignal): Promise<SendResult>;
  /** Ends connections; no `send` comes after it. */
  close(): void;
}
