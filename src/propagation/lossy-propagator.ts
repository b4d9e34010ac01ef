// Detects registered propagators that lose trace ids or baggage.
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { warn } from '../common/warnings.ts';

const traceId = '6d71747261636500000000000000feed';
const key = 'mqtrace-probe';

let checked: unknown;
const configured = new WeakSet<TextMapPropagator>();

/** Marks a propagator as configured by name, so that what it does not propagate is intended. @internal */
export function markIntentionallyLossy(propagator: TextMapPropagator): void {
  configured.add(propagator);
}

/**
 * Warns once for each propagator that writes headers but loses the trace id or the baggage, like those that some vendors register.
 * A propagator without any fields counts as a choice not to propagate, and so does an omission in `OTEL_PROPAGATORS`.
 *
 * @param registered - its identity; checked again when another one is registered.
 * @internal
 */
export function warnIfLossy(registered: unknown, propagator: TextMapPropagator): void {
  if (registered === checked) return;
  checked = registered;
  if (configured.has(registered as TextMapPropagator)) return;
  try {
    if (propagator.fields().length === 0) return;
    const lost = lossesOf(propagator).filter((loss) => !isLeftOut(loss));
    if (lost.length === 0) return;
    warn(
      `the registered propagator loses the ${lost.join(' and the ')} of messages; ` +
        "wrap clients with { propagator: 'mqtrace' }, or register W3C Trace Context and Baggage propagators",
    );
  } catch {
    // A propagator that fails is counted where a message is sent or received.
  }
}

type Loss = 'trace id' | 'baggage';

function isLeftOut(loss: Loss): boolean {
  const names = process.env['OTEL_PROPAGATORS']?.split(',').map((name) => name.trim().toLowerCase());
  if (names === undefined || names.every((name) => name === '')) return false;
  return loss === 'baggage' ? !names.includes('baggage') : names.every((name) => name === 'baggage');
}

function lossesOf(propagator: TextMapPropagator): Loss[] {
  const spanContext = { traceId, spanId: '00f067aa0ba902b7', traceFlags: TraceFlags.SAMPLED };
  const baggage = propagation.createBaggage({ [key]: { value: '1' } });
  const carrier = {};
  const context = propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), baggage);
  propagator.inject(context, carrier, defaultTextMapSetter);
  const arrived = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
  const lost: Loss[] = [];
  if (trace.getSpanContext(arrived)?.traceId !== traceId) lost.push('trace id');
  if (propagation.getBaggage(arrived)?.getEntry(key)?.value !== '1') lost.push('baggage');
  return lost;
}
