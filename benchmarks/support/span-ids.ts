// Reads the span ids of an export request for the benchmarks.
import { ProtobufReader } from '../../src/common/protobuf-reader.ts';

/**
 * The span ids of an export request, and nothing else of it: where speed is compared, the receiver must not be what is slow. That
 * requests are what they should be is shown by tests, which decode them whole.
 */
export function spanIds(request: Buffer): string[] {
  const ids: string[] = [];
  for (const resource of fields(new ProtobufReader(request), 1)) {
    for (const scope of fields(resource, 2)) {
      for (const span of fields(scope, 2)) ids.push(bytesOf(span, 2).toString('hex'));
    }
  }
  return ids;
}

function* fields(reader: ProtobufReader, field: number): Generator<ProtobufReader> {
  while (reader.next()) {
    if (reader.field === field) yield reader.message();
    else reader.skip();
  }
}

function bytesOf(reader: ProtobufReader, field: number): Buffer {
  while (reader.next()) {
    if (reader.field === field) return reader.bytes();
    reader.skip();
  }
  throw new RangeError('a span without an id');
}
