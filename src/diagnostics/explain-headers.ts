// Describes the trace headers of a message.
import type { CarrierAdapter } from '../../carriers/adapter.ts';
import { byteLimit } from '../../carriers/limits.ts';
import { isSampled } from '../common/is-sampled.ts';
import { parseBaggage } from '../propagation/baggage-codec.ts';
import { trimOws } from '../propagation/ows.ts';
import { W3CTraceState } from '../propagation/trace-state.ts';
import { parseTraceparent } from '../propagation/traceparent.ts';

/** Headers by the propagator that writes them. @internal */
export const writers: Readonly<Record<string, string>> = {
  b3: 'B3',
  'x-b3-traceid': 'B3 (multi)',
  'uber-trace-id': 'Jaeger',
  'x-amzn-trace-id': 'AWS X-Ray',
  'sentry-trace': 'Sentry',
  'x-datadog-trace-id': 'Datadog',
  ce_traceparent: 'CloudEvents',
  'cloudEvents:traceparent': 'CloudEvents',
  cloudEvents_traceparent: 'CloudEvents',
  'ce-traceparent': 'CloudEvents',
};

/** Describes the trace headers of a message, a line each, with ids and keys but no other values. @internal */
export function explainHeaders<H>(adapter: CarrierAdapter<H>, headers: H): { lines: string[]; valid: boolean } {
  const lines: string[] = [];
  const values = adapter.getAll(headers, 'traceparent');
  const text = adapter.get(headers, 'traceparent');
  const spanContext = text === undefined ? undefined : parseTraceparent(text);
  if (text === undefined) {
    lines.push(values.length === 0 ? absent(adapter, headers, 'traceparent') : 'traceparent: not readable');
  } else if (spanContext === undefined) {
    lines.push(`traceparent: malformed, ${whyMalformed(text)}`);
  } else {
    const flags = [
      isSampled(spanContext) ? 'sampled' : 'not sampled',
      ...(spanContext.traceFlags & 2 ? ['random trace id'] : []),
    ];
    lines.push(`traceparent: valid, trace ${spanContext.traceId}, span ${spanContext.spanId}, ${flags.join(', ')}`);
  }
  if (new Set(values).size > 1) lines.push(`traceparent: given ${values.length} times with different values`);

  const state = adapter.get(headers, 'tracestate');
  if (state === undefined) lines.push(absent(adapter, headers, 'tracestate'));
  else lines.push(explainState(state, spanContext !== undefined));

  const baggage = adapter.get(headers, 'baggage');
  if (baggage === undefined) lines.push(absent(adapter, headers, 'baggage'));
  else lines.push(explainBaggage(baggage));

  for (const [name, writer] of Object.entries(writers)) {
    if (adapter.get(headers, name) !== undefined) lines.push(`${name}: present, written by ${writer}`);
  }
  return { lines, valid: spanContext !== undefined };
}

function absent<H>(adapter: CarrierAdapter<H>, headers: H, name: string): string {
  const present = adapter.keys(headers).some((key) => key.toLowerCase() === name);
  return present
    ? `${name}: present, but not read: not text, more than ${byteLimit(name)} bytes, or in a spelling that is not looked up`
    : `${name}: none`;
}

function explainState(state: string, used: boolean): string {
  const keys = state
    .split(',')
    .map((member) => trimOws(member.slice(0, Math.max(0, member.indexOf('=')))))
    .filter((key) => key !== '');
  if (!used) return 'tracestate: present, not used without a valid traceparent';
  return new W3CTraceState(state).serialize() === '' && state.trim() !== ''
    ? 'tracestate: invalid (an invalid member, or more than 32), dropped whole'
    : `tracestate: valid, ${keys.length} members (${keys.join(', ')})`;
}

function explainBaggage(baggage: string): string {
  const entries = parseBaggage(baggage);
  const members = baggage.split(',').filter((member) => member.trim() !== '').length;
  const left = members - entries.size;
  const keys = entries.size === 0 ? '' : ` (${[...entries.keys()].join(', ')})`;
  const dropped = left > 0 ? `; ${left} members are invalid, repeated or too many` : '';
  return `baggage: ${entries.size} entries${keys}, ${Buffer.byteLength(baggage)} bytes${dropped}`;
}

/** @internal */
export function whyMalformed(given: string): string {
  const text = trimOws(given);
  if (text.includes(',')) return 'it holds several values';
  const [version = '', traceId = '', spanId = '', flags = '', ...more] = text.split('-');
  if (!/^[0-9a-f]{2}$/.test(version)) return 'the version is not two lower-case hex digits';
  if (version === 'ff') return 'version ff is not allowed';
  if (/[A-F]/.test(traceId + spanId + flags)) return 'hex digits must be lower-case';
  if (!/^[0-9a-f]{32}$/.test(traceId)) return `the trace id is not 32 hex digits (${traceId.length} characters)`;
  if (/^0+$/.test(traceId)) return 'the trace id is all zeros';
  if (!/^[0-9a-f]{16}$/.test(spanId)) return `the span id is not 16 hex digits (${spanId.length} characters)`;
  if (/^0+$/.test(spanId)) return 'the span id is all zeros';
  if (!/^[0-9a-f]{2}$/.test(flags)) return 'the flags are not two hex digits';
  return more.length > 0 ? 'version 00 must end after the flags' : 'it has more after the flags';
}
