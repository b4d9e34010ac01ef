// An example message as an OTLP request.

/** One message that is sent and consumed 320 ms later, as the JSON of an `ExportTraceServiceRequest`. */
export function exampleRequest(now: number): string {
  const traceId = hex(16);
  const spanId = hex(8);
  const span = (kind: number, type: string, from: number, to: number, more: object): object => ({
    traceId,
    kind,
    name: `${type} orders`,
    startTimeUnixNano: nanoseconds(now + from),
    endTimeUnixNano: nanoseconds(now + to),
    attributes: attributes({
      'messaging.system.name': 'kafka',
      'messaging.destination.name': 'orders',
      'messaging.operation.type': type,
      'messaging.kafka.message.key': 'order-1',
    }),
    ...more,
  });
  const of = (service: string, spans: object[]): object => ({
    resource: { attributes: attributes({ 'service.name': service }) },
    scopeSpans: [{ spans }],
  });
  return JSON.stringify({
    resourceSpans: [
      of('shop', [span(4, 'send', -340, -338, { spanId })]),
      of('billing', [
        span(5, 'process', -20, -5, { spanId: hex(8), parentSpanId: spanId, links: [{ traceId, spanId }] }),
      ]),
    ],
  });
}

const attributes = (values: Record<string, string>): object[] =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

const nanoseconds = (milliseconds: number): string => `${Math.round(milliseconds)}000000`;

function hex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
}
