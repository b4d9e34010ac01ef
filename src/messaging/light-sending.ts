// Measures sends without a span, of which only the context is propagated.
import type { Attributes, Context } from '@opentelemetry/api';
import { LightOperation } from './light-operation.ts';
import { sentMessages } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import type { Destination } from './operation.ts';

/** Starts to measure the send of one message; undefined without a metrics reader. Never throws. */
export function measurePassedOn(
  messaging: Messaging,
  name: string,
  destination: Destination,
  attributes: Attributes,
  parent: Context,
): LightOperation | undefined {
  const measurement = messaging.measurer.start(name, 'send', destination, attributes);
  if (measurement === undefined) return undefined;
  measurement.count(sentMessages, 1);
  return LightOperation.start(parent, measurement);
}
