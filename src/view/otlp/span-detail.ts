// Decodes one stored span completely, for display.
import { ProtobufReader } from '../../common/protobuf-reader.ts';

/** An attribute value as the page and the command line show it: long lists and texts are shortened. */
export type ShownValue = string | number | boolean | null | ShownValue[] | { [key: string]: ShownValue };

/** Attributes, events and links of one span, decoded when the span is opened. */
export interface SpanDetail {
  attributes: Record<string, ShownValue>;
  events: { time: number; name: string; attributes: Record<string, ShownValue> }[];
  links: { traceId: string; spanId: string; attributes: Record<string, ShownValue> }[];
  statusMessage: string;
  traceState: string;
  /** How many attributes, events and links are omitted here. */
  cut: { attributes: number; events: number; links: number };
}

const maxText = 2000;
const maxItems = 200;
const maxDepth = 8;

/** Decodes an encoded Span. Never throws: unreadable parts are omitted. */
export function spanDetail(span: Buffer): SpanDetail {
  const detail: SpanDetail = {
    attributes: Object.create(null) as Record<string, ShownValue>,
    events: [],
    links: [],
    statusMessage: '',
    traceState: '',
    cut: { attributes: 0, events: 0, links: 0 },
  };
  try {
    const reader = new ProtobufReader(span);
    while (reader.next()) readField(reader, detail);
  } catch {
    // The rest cannot be decoded; the part before it is shown.
  }
  return detail;
}

/** Decodes the attributes of an encoded Resource. Never throws. */
export function resourceAttributes(resource: Buffer): Record<string, ShownValue> {
  const attributes = Object.create(null) as Record<string, ShownValue>;
  try {
    const reader = new ProtobufReader(resource);
    while (reader.next()) {
      if (reader.field === 1) readKeyValue(reader.message(), attributes, 0);
      else reader.skip();
    }
  } catch {
    // The attributes before the unreadable part are shown.
  }
  return attributes;
}

function readField(reader: ProtobufReader, detail: SpanDetail): void {
  if (reader.field === 3) detail.traceState = cut(reader.string());
  else if (reader.field === 9) {
    if (Object.keys(detail.attributes).length < maxItems) readKeyValue(reader.message(), detail.attributes, 0);
    else {
      detail.cut.attributes++;
      reader.skip();
    }
  } else if (reader.field === 11) {
    if (detail.events.length < maxItems) detail.events.push(readEvent(reader.message()));
    else {
      detail.cut.events++;
      reader.skip();
    }
  } else if (reader.field === 13) {
    if (detail.links.length < maxItems) detail.links.push(readLink(reader.message()));
    else {
      detail.cut.links++;
      reader.skip();
    }
  } else if (reader.field === 15) {
    const status = reader.message();
    while (status.next()) {
      if (status.field === 2) detail.statusMessage = cut(status.string());
      else status.skip();
    }
  } else reader.skip();
}

function readEvent(reader: ProtobufReader): SpanDetail['events'][number] {
  const event = { time: 0, name: '', attributes: Object.create(null) as Record<string, ShownValue> };
  while (reader.next()) {
    if (reader.field === 1) event.time = Number(reader.fixed64()) / 1e6;
    else if (reader.field === 2) event.name = cut(reader.string());
    else if (reader.field === 3) readKeyValue(reader.message(), event.attributes, 0);
    else reader.skip();
  }
  return event;
}

function readLink(reader: ProtobufReader): SpanDetail['links'][number] {
  const link = { traceId: '', spanId: '', attributes: Object.create(null) as Record<string, ShownValue> };
  while (reader.next()) {
    if (reader.field === 1) link.traceId = reader.bytes().subarray(0, 16).toString('hex');
    else if (reader.field === 2) link.spanId = reader.bytes().subarray(0, 8).toString('hex');
    else if (reader.field === 4) readKeyValue(reader.message(), link.attributes, 0);
    else reader.skip();
  }
  return link;
}

function readKeyValue(reader: ProtobufReader, into: Record<string, ShownValue>, depth: number): void {
  let key = '';
  let value: ShownValue = null;
  while (reader.next()) {
    if (reader.field === 1) key = cut(reader.string());
    else if (reader.field === 2) value = readValue(reader.message(), depth);
    else reader.skip();
  }
  into[key] = value;
}

function readValue(reader: ProtobufReader, depth: number): ShownValue {
  let value: ShownValue = null;
  while (reader.next()) {
    if (reader.field === 1) value = cut(reader.string());
    else if (reader.field === 2) value = reader.varint() !== 0;
    else if (reader.field === 3) {
      const whole = reader.int64();
      value = Number.isSafeInteger(Number(whole)) ? Number(whole) : whole.toString();
    } else if (reader.field === 4) {
      const double = reader.double();
      // Other numbers do not exist in JSON, as which the answer is sent.
      value = Number.isFinite(double) ? double : String(double);
    } else if (reader.field === 5 && depth < maxDepth) value = readList(reader.message(), depth + 1);
    else if (reader.field === 6 && depth < maxDepth) value = readMap(reader.message(), depth + 1);
    else if (reader.field === 7) value = `${reader.bytes().length} bytes`;
    else reader.skip();
  }
  return value;
}

function readList(reader: ProtobufReader, depth: number): ShownValue[] {
  const list: ShownValue[] = [];
  while (reader.next()) {
    if (reader.field === 1 && list.length < maxItems) list.push(readValue(reader.message(), depth));
    else reader.skip();
  }
  return list;
}

function readMap(reader: ProtobufReader, depth: number): Record<string, ShownValue> {
  const map = Object.create(null) as Record<string, ShownValue>;
  let count = 0;
  while (reader.next()) {
    if (reader.field === 1 && count++ < maxItems) readKeyValue(reader.message(), map, depth);
    else reader.skip();
  }
  return map;
}

function cut(text: string): string {
  return text.length > maxText ? `${text.slice(0, maxText)}… (${text.length} characters)` : text;
}
