// The names of topics and queues, and what the handlers saw of their traces.
import { trace } from '@opentelemetry/api';
import { getBaggage } from 'mqtrace';

const suffix = `${process.env['TOPIC'] ?? 'example'}-${process.env['TRACED_BY'] ?? 'explicit'}`;
export const names = {
  orders: `orders-${suffix}`,
  returns: `returns-${suffix}`,
  prices: `prices-${suffix}`,
  billing: `billing-${suffix}`,
  shipments: `shipments-${suffix}`,
};

/** Handler, trace and tenant of each call. */
export const seen: [handler: string, traceId: string | undefined, tenant: string | undefined][] = [];

export function note(handler: string): void {
  seen.push([handler, trace.getActiveSpan()?.spanContext().traceId, getBaggage().getEntry('tenant')?.value]);
}
