// Analyses the trace headers of a message, as values for checks.
import { byteLimit } from '../../carriers/limits.ts';
import { withoutCounting } from '../../carriers/dropped-headers.ts';
import { isSampled } from '../common/is-sampled.ts';
import { parseBaggage } from '../propagation/baggage-codec.ts';
import { W3CTraceState } from '../propagation/trace-state.ts';
import { parseTraceparent } from '../propagation/traceparent.ts';
import { whyMalformed, writers } from './explain-headers.ts';
import { findHeaders } from './find-headers.ts';

/** The facts about the trace headers of one message. @internal */
export interface HeaderFacts {
  /** `unread`: there is one, but it is not text, too long, or in a spelling that is not looked up. */
  traceparent: 'none' | 'unread' | 'malformed' | 'valid';
  /** The problem of a malformed one. */
  why: string;
  traceId: string;
  spanId: string;
  sampled: boolean;
  /** `traceparent` is repeated with different values. */
  repeated: boolean;
  stateInvalid: boolean;
  /** Bytes of the baggage in the message. */
  baggageBytes: number;
  /** Whether a part of the baggage is not read: it is too long, or a member is invalid. */
  baggageCut: boolean;
  baggageInvalid: boolean;
  /** Other propagators whose headers are present. */
  writers: string[];
  /** Bytes of all names and values. */
  bytes: number;
}

/** Never throws, and does not change `droppedHeaders()`. @internal */
export function headerFacts(message: unknown): HeaderFacts {
  return withoutCounting(() => {
    try {
      return factsOf(message);
    } catch {
      return { ...nothing };
    }
  });
}

const nothing: HeaderFacts = {
  traceparent: 'none',
  why: '',
  traceId: '',
  spanId: '',
  sampled: false,
  repeated: false,
  stateInvalid: false,
  baggageBytes: 0,
  baggageCut: false,
  baggageInvalid: false,
  writers: [],
  bytes: 0,
};

function factsOf(message: unknown): HeaderFacts {
  const { adapter, headers } = findHeaders(message, undefined);
  const has = (name: string): boolean => adapter.keys(headers).some((key) => key.toLowerCase() === name);
  const text = adapter.get(headers, 'traceparent');
  const spanContext = text === undefined ? undefined : parseTraceparent(text);
  const state = adapter.get(headers, 'tracestate');
  const baggage = adapter.get(headers, 'baggage');
  const baggageBytes = rawBytes(headers, (name) => name.toLowerCase() === 'baggage', false);
  const members = baggage?.split(',').filter((member) => member.trim() !== '').length ?? 0;
  return {
    traceparent:
      text === undefined ? (has('traceparent') ? 'unread' : 'none') : spanContext === undefined ? 'malformed' : 'valid',
    why: text === undefined || spanContext !== undefined ? '' : whyMalformed(text),
    traceId: spanContext?.traceId ?? '',
    spanId: spanContext?.spanId ?? '',
    sampled: spanContext !== undefined && isSampled(spanContext),
    repeated: new Set(adapter.getAll(headers, 'traceparent')).size > 1,
    stateInvalid: state !== undefined && state.trim() !== '' && new W3CTraceState(state).serialize() === '',
    baggageBytes,
    baggageCut: baggageBytes > byteLimit('baggage'),
    baggageInvalid: baggage !== undefined && parseBaggage(baggage).size < members,
    writers: Object.entries(writers)
      .filter(([name]) => adapter.get(headers, name) !== undefined)
      .map(([, writer]) => writer),
    bytes: rawBytes(headers, () => true, true),
  };
}

/** Bytes of the selected values in the message: a carrier would truncate long ones. */
function rawBytes(headers: unknown, wanted: (name: string) => boolean, withNames: boolean): number {
  let bytes = 0;
  for (const [name, value] of pairs(headers)) {
    if (!wanted(name)) continue;
    if (withNames) bytes += Buffer.byteLength(name);
    for (const each of Array.isArray(value) ? value : [value])
      bytes += each instanceof Uint8Array ? each.length : Buffer.byteLength(String(each ?? ''));
  }
  return bytes;
}

function pairs(headers: unknown): [string, unknown][] {
  if (!Array.isArray(headers)) return Object.entries(headers ?? {});
  const list: [string, unknown][] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) list.push([String(headers[at]), headers[at + 1]]);
  return list;
}
