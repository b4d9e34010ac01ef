/** How an export went. @internal */
export type SendResult =
  /** Acknowledged, except for `rejected` spans. */
  | { readonly status: 'ok'; readonly rejected: number; readonly detail?: string }
  /** Worth another try, not before `afterMs` if the receiver said so. `answered`: it was the receiver that asked for it. */
  | {
      readonly status: 'retry';
      readonly afterMs?: number | undefined;
      readonly answered?: boolean | undefined;
      readonly error: unknown;
    }
  /** Too large: worth a try in halves. */
  | { readonly status: 'split'; readonly error: unknown }
  /** Refused for good. */
  | { readonly status: 'reject'; readonly error: unknown };

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
