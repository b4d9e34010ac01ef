// Recognizes the composite W3C propagator of OpenTelemetry's core package.
import { isDeepStrictEqual } from 'node:util';
import { defaultTextMapSetter, propagation, ROOT_CONTEXT, type TextMapPropagator, trace } from '@opentelemetry/api';
import { kafkaHeaders } from '../../carriers/kafka-headers.ts';
import { classOf } from '../common/class-of.ts';
import { fastExtractPlain } from './fast-extract.ts';

interface CompositeLike extends TextMapPropagator {
  _propagators?: unknown;
}

let asked: unknown;
let answer = false;

/**
 * Whether this is the stock composite of W3C Trace Context and W3C Baggage, with nothing overridden: recognized by its parts, and
 * then by its results for some headers. The last result is cached. @internal
 */
export function isStockPropagator(propagator: unknown): boolean {
  if (propagator === asked) return answer;
  let found = false;
  try {
    found = isUnmodifiedComposite(propagator) && examples.every((headers) => readsAlike(propagator, headers));
  } catch {
    // A propagator that throws is not the stock one; its faults are counted where it is used.
  }
  asked = propagator;
  answer = found;
  return found;
}

function isUnmodifiedComposite(propagator: unknown): propagator is CompositeLike {
  if (!isUnmodified(propagator, 'CompositePropagator')) return false;
  const { _propagators: parts } = propagator;
  if (!Array.isArray(parts) || parts.length !== 2) return false;
  return isUnmodified(parts[0], 'W3CTraceContextPropagator') && isUnmodified(parts[1], 'W3CBaggagePropagator');
}

function isUnmodified(value: unknown, name: string): value is CompositeLike {
  if (classOf(value) !== name) return false;
  return !['inject', 'extract', 'fields'].some((method) => Object.hasOwn(value as object, method));
}

const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const traceStates = ['ot=th:8;rv:0123456789abcd', 'mqtrace=1;mgj6k3cw;2;a.b_c', 'mqtrace=1;mgj6k3cw;2,ot=th:0'];
const examples: readonly Record<string, string>[] = [
  ...traceStates.map((tracestate) => ({ traceparent: `00-${ids}-01`, tracestate })),
  ...['00', '01', '02', '03'].flatMap((flags) =>
    [undefined, 'a=1', 'a=1,b=2', 'key.of-me=v*(1)', "a=~!'x,b=.-_"].map((baggage): Record<string, string> =>
      baggage === undefined ? { traceparent: `00-${ids}-${flags}` } : { traceparent: `00-${ids}-${flags}`, baggage },
    ),
  ),
];

/** Whether it reads the same as the fast path, and writes unchanged headers. */
function readsAlike(propagator: CompositeLike, headers: Record<string, string>): boolean {
  const theirs = propagator.extract(ROOT_CONTEXT, headers, kafkaHeaders);
  const ours = fastExtractPlain(kafkaHeaders, headers);
  if (ours === undefined) return false;
  const seen = [theirs, ours].map((context) => {
    const written: Record<string, string> = {};
    propagator.inject(context, written, defaultTextMapSetter);
    const { traceState, ...span } = trace.getSpanContext(context) ?? {};
    return [span, traceState?.serialize(), propagation.getBaggage(context)?.getAllEntries(), written];
  });
  return isDeepStrictEqual(seen[0], seen[1]) && isDeepStrictEqual(seen[0]?.[3], headers);
}
