// Counts the spans of an encoded OTLP request, and splits it.
import { ProtobufReader } from '../common/protobuf-reader.ts';
import { ProtobufWriter } from '../common/protobuf-writer.ts';

/** The number of spans in an encoded export request. Throws a `RangeError` if the bytes are not such a request. @internal */
export function countSpans(bytes: Buffer): number {
  let spans = 0;
  const request = new ProtobufReader(bytes);
  while (request.next()) {
    if (request.field !== 1) {
      request.skip();
      continue;
    }
    const resource = request.message();
    while (resource.next()) {
      if (resource.field !== 2) {
        resource.skip();
        continue;
      }
      const scope = resource.message();
      while (scope.next()) {
        if (scope.field === 2) spans++;
        scope.skip();
      }
    }
  }
  return spans;
}

/** A range of the spans of a request, by their index: from `from`, before `to`. */
interface Piece {
  readonly from: number;
  readonly to: number;
  seen: number;
}

function copyScope(bytes: Buffer, scope: ProtobufReader, writer: ProtobufWriter, piece: Piece): boolean {
  let any = false;
  while (scope.next()) {
    const start = scope.fieldStart;
    const isSpan = scope.field === 2;
    scope.skip();
    if (isSpan) {
      const index = piece.seen++;
      if (index < piece.from || index >= piece.to) continue;
      any = true;
    }
    writer.raw(bytes.subarray(start, scope.position));
  }
  return any;
}

function copyResource(bytes: Buffer, resource: ProtobufReader, writer: ProtobufWriter, piece: Piece): boolean {
  let any = false;
  while (resource.next()) {
    const start = resource.fieldStart;
    if (resource.field !== 2) {
      resource.skip();
      writer.raw(bytes.subarray(start, resource.position));
      continue;
    }
    const before = writer.position;
    writer.byte(0x12);
    const inner = writer.open(2);
    if (copyScope(bytes, resource.message(), writer, piece)) {
      writer.close(inner, 2);
      any = true;
    } else {
      writer.position = before;
    }
  }
  return any;
}

function copyPiece(bytes: Buffer, from: number, to: number): Buffer {
  const piece: Piece = { from, to, seen: 0 };
  const writer = new ProtobufWriter(bytes.length + 16);
  const request = new ProtobufReader(bytes);
  while (request.next()) {
    if (request.field !== 1) {
      request.skip();
      continue;
    }
    const before = writer.position;
    writer.byte(0x0a);
    const inner = writer.open(2);
    if (copyResource(bytes, request.message(), writer, piece)) writer.close(inner, 2);
    else writer.position = before;
  }
  return Buffer.from(writer.buffer.subarray(0, writer.position));
}

/** Splits an encoded export request of `spans` spans (two or more) into two halves. @internal */
export function splitRequest(bytes: Buffer, spans: number): [first: Buffer, second: Buffer] {
  const middle = Math.ceil(spans / 2);
  return [copyPiece(bytes, 0, middle), copyPiece(bytes, middle, spans)];
}
