import { propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { Messaging, startProcessing } from './index.ts';

const spans = recordRegisteredSpans();

test.each([
  [undefined, 0],
  [undefined, 900],
  [3002, 3000],
])('the span of a received message has %s if it carries a value of %i bytes', (size, bytes) => {
  const baggage = propagation.createBaggage(bytes === 0 ? {} : { a: { value: 'x'.repeat(bytes) } });
  const context = bytes === 0 ? ROOT_CONTEXT : propagation.setBaggage(ROOT_CONTEXT, baggage);
  const incoming = {
    context,
    creation: undefined,
    destination: { name: 'orders' },
    attributes: undefined,
    sentAt: undefined,
  };
  startProcessing(new Messaging('kafka', 'test', {}), { name: 'process' }, incoming).end();
  expect(spans.spans().at(-1)!.attributes['mqtrace.baggage.size']).toBe(size);
});
