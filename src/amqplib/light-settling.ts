// Settles messages whose spans, including that of the settlement, are certainly unsampled: nothing is created for them.
import { activeContext, LightOperation, type Method } from '../messaging/index.ts';
import { reportFault } from '../common/faults.ts';
import { isTracingSuppressed } from '../common/suppression.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { Given } from './settlement.ts';
import type { ChannelState } from './state.ts';

/**
 * The delivery tag of the only message that a call settles, if that is one without a span; undefined for all other calls. Never throws.
 *
 * @param method - `ack`, `nack`, `reject`, `ackAll` or `nackAll`.
 */
export function lightTagOf(
  { lightDeliveries }: ChannelState,
  method: string,
  args: readonly unknown[],
): number | undefined {
  if (lightDeliveries.size === 0) return undefined;
  try {
    const tag = (args[0] as Given)?.fields?.deliveryTag;
    if (tag === undefined || (method !== 'reject' && args[1])) return undefined;
    return lightDeliveries.has(tag) ? tag : undefined;
  } catch {
    // The other path counts the fault.
    return undefined;
  }
}

/**
 * Settles the message with a tag that {@link lightTagOf} has returned.
 *
 * @param method - also the name of the operation.
 */
export function settleLight(
  state: ChannelState,
  method: string,
  tag: number,
  raw: Method,
  channel: unknown,
  args: unknown[],
): unknown {
  const operation = measureSettlement(state, method, tag);
  let result: unknown;
  try {
    result = Reflect.apply(raw, channel, args);
  } catch (error) {
    operation?.fail(error);
    throw error;
  }
  operation?.end();
  try {
    state.lightDeliveries.delete(tag);
  } catch (error) {
    reportFault('ending a settlement', error);
  }
  return result;
}

/** Undefined without a metrics reader. Never throws. */
function measureSettlement(
  { messaging, server, lightDeliveries }: ChannelState,
  name: string,
  tag: number,
): LightOperation | undefined {
  try {
    if (metricsEpoch() === 0) return undefined;
    const active = activeContext();
    if (isTracingSuppressed(active)) return undefined;
    const measurement = messaging.measurer.start(name, 'settle', lightDeliveries.destinationOf(tag), server.address);
    return measurement && LightOperation.start(active, measurement);
  } catch (error) {
    reportFault('tracing a settlement', error);
    return undefined;
  }
}
