// Reads request bodies within limits.
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';

/** Largest request, before and after it is decompressed. */
export const maxRequestBytes: number = 32 * 2 ** 20;
/** What all requests together may hold while they are being read. */
const maxBytesInFlight = 128 * 2 ** 20;

/** A request that is answered with this status of HTTP. */
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

/** Reads a request's body, bounded; decompresses it. @throws RefusedRequest */
export async function readBody(source: Readable, encoding: string | undefined): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      inFlight += chunk.length;
      if (bytes > maxRequestBytes) throw new RefusedRequest(413, `a request may have ${maxRequestBytes} bytes`);
      if (inFlight > maxBytesInFlight) throw new RefusedRequest(503, 'too many requests at once; send it again');
      chunks.push(chunk);
    }
    return await decompress(Buffer.concat(chunks, bytes), encoding);
  } finally {
    inFlight -= bytes;
  }
}

/** Decompresses, bounded. @throws RefusedRequest */
export async function decompress(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate')
    throw new RefusedRequest(415, 'content-encoding: expected gzip, deflate or none');
  try {
    return await (encoding === 'gzip' ? gunzipped : inflated)(body, { maxOutputLength: maxRequestBytes });
  } catch (error) {
    const tooLarge = (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLarge
      ? new RefusedRequest(413, `a request may have ${maxRequestBytes} bytes when decompressed`)
      : new RefusedRequest(400, `the body is not ${encoding}`);
  }
}
