// Stores received requests in an append-only file: a line with the format, then for each request one byte for the signal, four
// bytes for the length, and the request in protobuf. An incomplete last request, as after a crash, is removed.
import { closeSync, createReadStream, existsSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { MqtraceError } from '../../common/errors.ts';
import type { Signal } from './intake.ts';

const magic = Buffer.from('mqtrace requests 1\n');
const signals: readonly Signal[] = ['traces', 'metrics'];
const head = 5;
const maxRequest = 64 * 2 ** 20;

/** Appends requests to a file that only its owner can read. */
export class RequestLog {
  readonly #file: number;
  bytes: number;

  private constructor(file: number, bytes: number) {
    this.#file = file;
    this.bytes = bytes;
  }

  /**
   * Opens or creates a file, calls `onRequest` with each request in it, and then appends to it.
   *
   * @throws MqtraceError `INVALID_OPTION` if the file has another format.
   */
  static async open(
    path: string,
    onRequest: (signal: Signal, request: Buffer) => void,
    onProgress: (share: number) => void = () => {},
  ): Promise<RequestLog> {
    if (!existsSync(path)) {
      const file = openSync(path, 'ax', 0o600);
      writeSync(file, magic);
      return new RequestLog(file, magic.length);
    }
    const file = openSync(path, 'r+');
    const start = Buffer.alloc(magic.length);
    readSync(file, start, 0, start.length, 0);
    if (!start.equals(magic)) {
      closeSync(file);
      throw new MqtraceError(
        'INVALID_OPTION',
        `--file: expected a new file or one that "mqtrace view --file" wrote; ${path} has another format. To read OTLP JSON lines, use --from.`,
      );
    }
    const end = await readRequests(path, fstatSync(file).size, onRequest, onProgress);
    return new RequestLog(file, end);
  }

  append(signal: Signal, request: Buffer): void {
    const header = Buffer.alloc(head);
    header[0] = signals.indexOf(signal);
    header.writeUInt32BE(request.length, 1);
    const bytes = Buffer.concat([header, request]);
    let written = 0;
    while (written < bytes.length) {
      written += writeSync(this.#file, bytes, written, bytes.length - written, this.bytes + written);
    }
    this.bytes += bytes.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Whether {@link RequestLog} wrote a file. */
export function isRequestLog(path: string): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(magic.length);
    readSync(file, start, 0, start.length, 0);
    return start.equals(magic);
  } finally {
    closeSync(file);
  }
}

/** Reads the requests of a file; returns where the last complete one ends. */
export async function readRequests(
  path: string,
  size: number,
  onRequest: (signal: Signal, request: Buffer) => void,
  onProgress: (share: number) => void = () => {},
  signal?: AbortSignal,
): Promise<number> {
  let rest: Buffer = Buffer.alloc(0);
  let end = magic.length;
  const stream = createReadStream(path, { start: magic.length, highWaterMark: 2 ** 20 });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= head) {
      const length = rest.readUInt32BE(1);
      const signal = signals[rest[0]!];
      if (signal === undefined || length > maxRequest) return end;
      if (rest.length < head + length) break;
      onRequest(signal, rest.subarray(head, head + length));
      rest = rest.subarray(head + length);
      end += head + length;
    }
    onProgress(end / size);
  }
  return end;
}
