// Measures sends without a span, of which only the context is propagated.
import type { Attributes, Context } from '@opentelemetry/api';
import { LightOperation } from './light-operation.ts';
import { sentMessages } from './measuring.ts';
import type { Messaging } from './messaging.ts';
import type { Destination } from './operation.ts';
import { measureSend } from './producing.ts';

/** Starts to measure the send of messages to one destination; undefined without a metrics reader. Never throws. */
export function measurePassedOn(
  messaging: Messaging,
  name: string,
  destination: Destination,
  attributes: Attributes,
  parent: Context,
  messages: number = 1,
): LightOperation | undefined {
  const measurement = messaging.measurer.start(name, 'send', destination, attributes);
  if (measurement === undefined) return undefined;
  measurement.count(sentMessages, messages);
  return LightOperation.start(parent, measurement);
}

/** As {@link measurePassedOn}, for messages that may have several destinations. */
export function measurePassedOnEach(
  messaging: Messaging,
  name: string,
  messages: readonly { readonly destination: Destination }[],
  attributes: Attributes,
  parent: Context,
): LightOperation | undefined {
  const measurement = measureSend(messaging, { name, attributes }, messages);
  return measurement && LightOperation.start(parent, measurement);
}
