// Converts OTLP's JSON encoding to protobuf, so that there is one format to decode.
import { ProtobufWriter } from '../../common/protobuf-writer.ts';
import { isRecord } from '../../common/check-options.ts';

type Scalar = 'string' | 'hex' | 'base64' | 'bool' | 'int' | 'sint64' | 'fixed32' | 'fixed64' | 'sfixed64' | 'double';
/** A field: its number, its type, and whether it is repeated. Repeated numbers are written unpacked, which decoders also accept. */
type Field = readonly [number: number, type: Scalar | (() => Message), repeated?: 'repeated'];
type Message = Readonly<Record<string, Field>>;

const anyValue: Message = {
  stringValue: [1, 'string'],
  boolValue: [2, 'bool'],
  intValue: [3, 'sint64'],
  doubleValue: [4, 'double'],
  arrayValue: [5, () => ({ values: [1, () => anyValue, 'repeated'] })],
  kvlistValue: [6, () => ({ values: [1, () => keyValue, 'repeated'] })],
  bytesValue: [7, 'base64'],
};
const keyValue: Message = { key: [1, 'string'], value: [2, () => anyValue] };
const attributes = (number: number): Field => [number, () => keyValue, 'repeated'];
const resource: Message = { attributes: attributes(1), droppedAttributesCount: [2, 'int'] };
const scope: Message = { name: [1, 'string'], version: [2, 'string'], attributes: attributes(3) };
const event: Message = {
  timeUnixNano: [1, 'fixed64'],
  name: [2, 'string'],
  attributes: attributes(3),
  droppedAttributesCount: [4, 'int'],
};
const link: Message = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  traceState: [3, 'string'],
  attributes: attributes(4),
  droppedAttributesCount: [5, 'int'],
  flags: [6, 'fixed32'],
};
const span: Message = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  traceState: [3, 'string'],
  parentSpanId: [4, 'hex'],
  name: [5, 'string'],
  kind: [6, 'int'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: attributes(9),
  droppedAttributesCount: [10, 'int'],
  events: [11, () => event, 'repeated'],
  droppedEventsCount: [12, 'int'],
  links: [13, () => link, 'repeated'],
  droppedLinksCount: [14, 'int'],
  status: [15, () => ({ message: [2, 'string'], code: [3, 'int'] })],
  flags: [16, 'fixed32'],
};
const scopeSpans: Message = { scope: [1, () => scope], spans: [2, () => span, 'repeated'], schemaUrl: [3, 'string'] };
const tracesRequest: Message = {
  resourceSpans: [
    1,
    () => ({ resource: [1, () => resource], scopeSpans: [2, () => scopeSpans, 'repeated'], schemaUrl: [3, 'string'] }),
    'repeated',
  ],
};
const point: Message = {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  asInt: [6, 'sfixed64'],
  attributes: attributes(7),
};
const histogramPoint: Message = {
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'repeated'],
  explicitBounds: [7, 'double', 'repeated'],
  attributes: attributes(9),
};
const metric: Message = {
  name: [1, 'string'],
  unit: [3, 'string'],
  gauge: [5, () => ({ dataPoints: [1, () => point, 'repeated'] })],
  sum: [7, () => ({ dataPoints: [1, () => point, 'repeated'], aggregationTemporality: [2, 'int'] })],
  histogram: [9, () => ({ dataPoints: [1, () => histogramPoint, 'repeated'], aggregationTemporality: [2, 'int'] })],
};
const scopeMetrics: Message = { scope: [1, () => scope], metrics: [2, () => metric, 'repeated'] };
const metricsRequest: Message = {
  resourceMetrics: [
    1,
    () => ({ resource: [1, () => resource], scopeMetrics: [2, () => scopeMetrics, 'repeated'] }),
    'repeated',
  ],
};

/** Maximum nesting of messages; deeper ones are omitted. */
const maxDepth = 24;

/** Converts an export request from OTLP's JSON encoding to protobuf. Unknown fields and values of a wrong type are omitted. */
export function jsonToProtobuf(kind: 'traces' | 'metrics', json: unknown): Buffer {
  const writer = new ProtobufWriter(4096);
  writeMessage(writer, kind === 'traces' ? tracesRequest : metricsRequest, json, 0);
  return writer.buffer.subarray(0, writer.position);
}

function writeMessage(writer: ProtobufWriter, message: Message, json: unknown, depth: number): void {
  if (!isRecord(json) || depth > maxDepth) return;
  // In the order of the schema: a key is before its value, regardless of the order in the JSON.
  for (const [name, [number, type, repeated]] of Object.entries(message)) {
    if (!Object.hasOwn(json, name)) continue;
    const value = json[name];
    if (value === null || value === undefined) continue;
    const values = repeated === undefined ? [value] : Array.isArray(value) ? value : [];
    for (const each of values) writeField(writer, number, type, each, depth);
  }
}

function writeField(writer: ProtobufWriter, number: number, type: Field[1], value: unknown, depth: number): void {
  const tag = (wireType: number): void => writer.varint(number * 8 + wireType);
  if (typeof type === 'function') {
    tag(2);
    const start = writer.open(2);
    writeMessage(writer, type(), value, depth + 1);
    writer.close(start, 2);
  } else if (type === 'string') {
    if (typeof value !== 'string') return;
    tag(2);
    writer.string(value);
  } else if (type === 'hex' || type === 'base64') {
    if (typeof value !== 'string') return;
    tag(2);
    writer.bytes(Buffer.from(value, type));
  } else if (type === 'bool') {
    if (typeof value !== 'boolean') return;
    tag(0);
    writer.byte(value ? 1 : 0);
  } else if (type === 'double') {
    const double = Number(value);
    if (typeof value === 'boolean') return;
    tag(1);
    writer.double(double);
  } else writeInteger(writer, tag, type, value);
}

function writeInteger(writer: ProtobufWriter, tag: (wireType: number) => void, type: Scalar, value: unknown): void {
  const whole = toBigInt(value);
  if (whole === undefined) return;
  if (type === 'fixed64' || type === 'sfixed64') {
    const bits = BigInt.asUintN(64, whole);
    tag(1);
    writer.fixed32(Number(bits & 0xffffffffn));
    writer.fixed32(Number(bits >> 32n));
  } else if (type === 'fixed32') {
    tag(5);
    writer.fixed32(Number(BigInt.asUintN(32, whole)));
  } else if (type === 'int') {
    tag(0);
    writer.varint(Number(BigInt.asUintN(32, whole)));
  } else {
    tag(0);
    writeVarint(writer, BigInt.asUintN(64, whole));
  }
}

function writeVarint(writer: ProtobufWriter, value: bigint): void {
  let rest = value;
  while (rest > 0x7fn) {
    writer.byte(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  writer.byte(Number(rest));
}

/** 64-bit integers are strings in JSON, but numbers are also accepted. */
function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) return undefined;
  return BigInt(value);
}
