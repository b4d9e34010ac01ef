// Notices a registered propagator that does not carry what was put in.
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  diag,
  propagation,
  ROOT_CONTEXT,
  type TextMapPropagator,
  trace,
  TraceFlags,
} from '@opentelemetry/api';

const traceId = '6d71747261636500000000000000feed';
const key = 'mqtrace-probe';

let checked: unknown;

/**
 * Warns once for each propagator that writes headers but loses the trace id or the baggage, as those that some vendors register do.
 * One without any fields is taken as a choice not to propagate.
 *
 * @param registered - its identity; checked again when another one is registered.
 * @internal
 */
export function warnOfLoss(registered: unknown, propagator: TextMapPropagator): void {
  if (registered === checked) return;
  checked = registered;
  try {
    if (propagator.fields().length === 0) return;
    const lost = lossesOf(propagator);
    if (lost.length === 0) return;
    diag.warn(
      `mqtrace: the registered propagator loses the ${lost.join(' and the ')} of messages; ` +
        "wrap clients with { propagator: 'mqtrace' }, or register W3C Trace Context and Baggage propagators",
    );
  } catch {
    // A propagator that fails is counted where a message is sent or received.
  }
}

function lossesOf(propagator: TextMapPropagator): string[] {
  const spanContext = { traceId, spanId: '00f067aa0ba902b7', traceFlags: TraceFlags.SAMPLED };
  const baggage = propagation.createBaggage({ [key]: { value: '1' } });
  const carrier = {};
  const context = propagation.setBaggage(trace.setSpanContext(ROOT_CONTEXT, spanContext), baggage);
  propagator.inject(context, carrier, defaultTextMapSetter);
  const arrived = propagator.extract(ROOT_CONTEXT, carrier, defaultTextMapGetter);
  const lost: string[] = [];
  if (trace.getSpanContext(arrived)?.traceId !== traceId) lost.push('trace id');
  if (propagation.getBaggage(arrived)?.getEntry(key)?.value !== '1') lost.push('baggage');
  return lost;
}
