import { ExportResultCode } from '@opentelemetry/core';
import { judgeGrpcError } from './grpc-status.ts';
import { readProtobufResponse } from './partial-success.ts';
import type { Sender, SendResult } from './sender.ts';

/** What is used of the official delegate. @internal */
export interface GrpcDelegate {
  export(request: Buffer, done: (result: { code: number; error?: Error }) => void): void;
  shutdown(): Promise<void>;
}

/** How the delegate turns requests and answers into bytes: not at all. @internal */
export interface IdentitySerializer {
  serializeRequest(request: Buffer): Uint8Array;
  deserializeResponse(bytes: Uint8Array): Record<string, never>;
}

const success: number = ExportResultCode.SUCCESS;

/** UNAVAILABLE and DEADLINE_EXCEEDED: the connection itself may be the reason. */
const stale: ReadonlySet<unknown> = new Set([14, 4]);

/**
 * Sends over gRPC with the official delegate. After a failure of the connection the next request gets a new delegate: an old
 * channel waits for its own back-off, for seconds after the receiver has returned.
 *
 * @internal
 */
export class GrpcSender implements Sender {
  readonly #create: (serializer: IdentitySerializer) => GrpcDelegate;
  readonly #timeoutMs: number;
  #delegate: GrpcDelegate | undefined;
  #response: Buffer | undefined;

  constructor(create: (serializer: IdentitySerializer) => GrpcDelegate, timeoutMs: number) {
    this.#create = create;
    this.#timeoutMs = timeoutMs;
  }

  #open(): GrpcDelegate {
    return this.#create({
      serializeRequest: (request) => request,
      // The delegate reads the answer right before it calls back, in the same turn.
      deserializeResponse: (bytes) => {
        this.#response = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        return {};
      },
    });
  }

  send(bytes: Buffer, signal: AbortSignal): Promise<SendResult> {
    return new Promise((resolve) => {
      let delegate: GrpcDelegate;
      try {
        delegate = this.#delegate ??= this.#open();
      } catch (error) {
        resolve({ status: 'retry', error });
        return;
      }
      const finish = (result: SendResult, renew: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        if (renew) this.#retire(delegate);
        resolve(result);
      };
      const onAbort = (): void => finish({ status: 'retry', error: new Error('aborted') }, true);
      // The delegate keeps its own deadline; this one is for a call that it forgets.
      const timer = setTimeout(() => {
        finish({ status: 'retry', error: new Error(`no answer within ${this.#timeoutMs} ms`) }, true);
      }, this.#timeoutMs + 1000).unref();
      signal.addEventListener('abort', onAbort, { once: true });
      this.#response = undefined;
      try {
        delegate.export(bytes, ({ code, error }) => {
          const response = this.#response;
          this.#response = undefined;
          if (code === success) {
            finish(response === undefined ? { status: 'ok', rejected: 0 } : readProtobufResponse(response), false);
          } else {
            finish(judgeGrpcError(error), stale.has((error as { code?: unknown } | undefined)?.code));
          }
        });
      } catch (error) {
        finish({ status: 'retry', error }, true);
      }
    });
  }

  #retire(delegate: GrpcDelegate): void {
    if (this.#delegate === delegate) this.#delegate = undefined;
    // It waits for its calls; they end at their own deadline.
    delegate.shutdown().catch(() => undefined);
  }

  close(): void {
    if (this.#delegate !== undefined) this.#retire(this.#delegate);
  }
}
