// Sends encoded requests as OTLP over gRPC.
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ExportError } from './export-error.ts';
import { type GrpcAnswer, GrpcClient, type GrpcTarget } from './grpc-client.ts';
import { resultOfGrpcStatus, statusName } from './grpc-status.ts';
import { readProtobufResponse } from './partial-success.ts';
import type { Sender, SendResult } from './sender.ts';
import { wrongProtocol } from './wrong-protocol.ts';

/** Sends OTLP over gRPC, with Node's own HTTP/2. @internal */
export class GrpcSender implements Sender {
  readonly #client: GrpcClient;
  readonly #url: URL;
  /** Named where a sender is created, because the build loads zlib there. */
  readonly #compress: ((input: Buffer) => Promise<Buffer>) | undefined;

  constructor(target: GrpcTarget & { readonly compression: 'none' | 'gzip' }) {
    this.#client = new GrpcClient(target);
    this.#url = target.url;
    this.#compress = target.compression === 'gzip' ? promisify(gzip) : undefined;
  }

  async send(bytes: Buffer, signal: AbortSignal): Promise<SendResult> {
    try {
      const compress = this.#compress;
      const message = compress === undefined ? bytes : await compress(bytes);
      if (signal.aborted) return { status: 'retry', error: new Error('aborted') };
      return judge(await this.#client.call(message, compress !== undefined, signal));
    } catch (error) {
      const hint = wrongProtocol('grpc', this.#url, error);
      return { status: 'retry', error: hint ?? error, ...(hint && { wrongProtocol: true }) };
    }
  }

  close(): void {
    this.#client.close();
  }
}

function judge({ status, message, details, body }: GrpcAnswer): SendResult {
  if (status === 0) {
    // A compressed or empty response cannot be read, so no rejected spans are known.
    return body === undefined ? { status: 'ok', rejected: 0 } : readProtobufResponse(body);
  }
  if (status === undefined) {
    const error = new Error('the response was truncated: it has no gRPC status');
    return { status: 'retry', answered: true, incomplete: true, error };
  }
  const name = statusName(status);
  const error = new ExportError(`gRPC status ${name}`, { type: name, grpcStatus: name, receiverSaid: message });
  return resultOfGrpcStatus(status, details, error);
}
