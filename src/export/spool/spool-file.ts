// Names spool files and reads their names.
import { createHash } from 'node:crypto';

/** One batch on disk: exactly the OTLP bytes. What must be known of it beforehand is in its name. @internal */
export interface SpoolFile {
  readonly name: string;
  /** When the batch was closed, in milliseconds since 1970. */
  readonly time: number;
  readonly spans: number;
  readonly bytes: number;
  /** The first half of the SHA-256 of its bytes, in hexadecimal. */
  readonly checksum: string;
  /** Position among the batches of this process. */
  readonly sequence: number;
  /** Batches in memory that still need this copy; it is deleted when none is left. */
  holders: number;
  /** When the batch was sent first, as `performance.now()` tells it. */
  startedAt?: number | undefined;
}

const pattern = /^(\d{13})-(\d{1,15})-(\d{1,7})-([0-9a-f]{32})\.otlp$/;

function checksumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/** Names a file for a batch. @internal */
export function nameSpoolFile(bytes: Buffer, spans: number, sequence: number, time: number): SpoolFile {
  const checksum = checksumOf(bytes);
  const name = `${String(time).padStart(13, '0')}-${sequence}-${spans}-${checksum}.otlp`;
  return { name, time, spans, bytes: bytes.length, checksum, sequence, holders: 1 };
}

/** What a file's name says; undefined if it is not one of ours. @internal */
export function parseSpoolFile(name: string, bytes: number, sequence: number): SpoolFile | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  return { name, time: Number(match[1]), spans: Number(match[3]), bytes, checksum: match[4]!, sequence, holders: 1 };
}

/** Whether these are the bytes that were written. @internal */
export function isIntact(file: SpoolFile, bytes: Buffer): boolean {
  return checksumOf(bytes) === file.checksum;
}
