// Reads request bodies within limits.
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';

/** Maximum size of a request, before and after decompression. */
export const maxRequestBytes: number = 32 * 2 ** 20;
/** Maximum size of all requests that are being read. */
const maxBytesInFlight = 128 * 2 ** 20;

/** A rejected request, with the HTTP status of its answer. */
export class RefusedRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

let inFlight = 0;
const gunzipped = promisify(gunzip);
const inflated = promisify(inflate);

/** Reads and decompresses the body of a request, within the limits. @throws RefusedRequest */
export async function readBody(source: Readable, encoding: string | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      inFlight += chunk.length;
      if (bytes > maxRequestBytes) throw new RefusedRequest(413, `a request may have at most ${maxRequestBytes} bytes`);
      if (inFlight > maxBytesInFlight) throw new RefusedRequest(503, 'too many requests at once; retry later');
      chunks.push(chunk);
    }
    return await decompress(Buffer.concat(chunks, bytes), encoding);
  } finally {
    inFlight -= bytes;
  }
}

/** Decompresses a body, within the limit. @throws RefusedRequest */
export async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new RefusedRequest(415, 'content-encoding: expected gzip, deflate or none');
  try {
    return await (encoding === 'gzip' ? gunzipped : inflated)(body, { maxOutputLength: maxRequestBytes });
  } catch (error) {
    const tooLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLarge
      ? new RefusedRequest(413, `a request may have at most ${maxRequestBytes} bytes when decompressed`)
      : new RefusedRequest(400, `the body is not valid ${encoding}`);
  }
}
