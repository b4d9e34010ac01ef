// Reads the span ids of an export request for the benchmarks.
import { ProtobufReader } from '../../src/common/protobuf-reader.ts';

/**
 * Reads only the span ids of an export request, so that the receiver does not limit the speed. Tests decode whole
 * requests to show that they are correct.
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
