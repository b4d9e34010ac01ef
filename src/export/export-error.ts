// Defines the error of a failed export.
/** The failure of an export, with the details for metrics and messages. @internal */
export class ExportError extends Error {
  /** `error.type` in metrics: an HTTP status or the name of a gRPC status. */
  readonly type: string;
  readonly httpStatus: number | undefined;
  readonly grpcStatus: string | undefined;
  /** The receiver's text, which may repeat sent data. */
  readonly receiverSaid: string;

  constructor(
    message: string,
    parts: {
      type: string;
      httpStatus?: number;
      grpcStatus?: string;
      receiverSaid?: string;
      cause?: unknown;
    },
  ) {
    super(message, { cause: parts.cause });
    this.type = parts.type;
    this.httpStatus = parts.httpStatus;
    this.grpcStatus = parts.grpcStatus;
    this.receiverSaid = (parts.receiverSaid ?? '').slice(0, 300);
  }
}
