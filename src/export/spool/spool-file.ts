// Builds and parses the names of spool files.
import { createHash } from 'node:crypto';

/** One batch on disk: exactly the OTLP bytes. Its metadata is in its name. @internal */
export interface SpoolFile {
  readonly name: string;
  /** When the batch was closed, in milliseconds since 1970. */
  readonly time: number;
  readonly spans: number;
  readonly bytes: number;
  /** The first half of the SHA-256 hash of its bytes, in hexadecimal. */
  readonly checksum: string;
  /** Position among the batches of this process. */
  readonly sequence: number;
  /** The number of batches in memory that still need this copy; it is deleted when there are none. */
  holders: number;
  /** The time of the first attempt, from `performance.now()`. */
  startedAt?: number | undefined;
}

const pattern = /^(\d{13})-(\d{1,15})-(\d{1,7})-([0-9a-f]{32})\.otlp$/;

function checksumOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32);
}

/** The file name for a batch. @internal */
export function nameSpoolFile(bytes: Buffer, spans: number, sequence: number, time: number): SpoolFile {
  const checksum = checksumOf(bytes);
  const name = `${String(time).padStart(13, '0')}-${sequence}-${spans}-${checksum}.otlp`;
  return { name, time, spans, bytes: bytes.length, checksum, sequence, holders: 1 };
}

/** Parses a file name; undefined if it is not a spool file. @internal */
export function parseSpoolFile(name: string, bytes: number, sequence: number): SpoolFile | undefined {
  const match = pattern.exec(name);
  if (match === null) return undefined;
  return { name, time: Number(match[1]), spans: Number(match[3]), bytes, checksum: match[4]!, sequence, holders: 1 };
}

/** Whether the bytes match the hash. @internal */
export function isIntact(file: SpoolFile, bytes: Buffer): boolean {
  return checksumOf(bytes) === file.checksum;
}
