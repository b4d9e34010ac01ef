// Sets up Instana's collector; its package is in the folder of COMPARED_MODULES.
import { startReceiver, untilQuiet } from './receiver.js';
import { requireTracer } from './require-tracer.js';

const receiver = await startReceiver('instana');
const { port: agentPort, spans } = receiver;
const instana = requireTracer('@instana/collector')({
  serviceName: 'compared',
  agentHost: '127.0.0.1',
  agentPort,
  level: 'error',
  reportUncaughtException: false,
  tracing: { forceTransmissionStartingAt: 1, transmissionDelay: 50 },
});
// Spans are dropped until the agent has answered.
while (spans.length === 0) {
  if (instana.isConnected()) {
    await instana.sdk.async.startEntrySpan('start');
    instana.sdk.async.completeEntrySpan();
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
}

const lastOf = (id) => id?.padStart(16, '0').slice(-16);

globalThis.compared = {
  receiver,
  endSpan: async (name) => {
    await instana.sdk.async.startEntrySpan(name);
    instana.sdk.async.completeEntrySpan();
  },
  async inSpan(fn) {
    let ids;
    await instana.sdk.async.startEntrySpan('job').then(async () => {
      const span = instana.currentSpan();
      ids = { traceId: lastOf(span.getTraceId()), spanId: span.getSpanId() };
      await fn();
      instana.sdk.async.completeEntrySpan();
    });
    return ids;
  },
  untraced: (fn) => fn(),
  activeTraceId: () => lastOf(instana.currentSpan().getTraceId() ?? undefined),
  activeSpan: () => {
    const handle = instana.currentSpan();
    const spanId = handle.getSpanId() ?? undefined;
    return spanId && { spanId, links: () => [], isOpen: () => handle.span?.transmitted === false };
  },
  async spansOf(traceId) {
    await untilQuiet(spans, 300);
    return spans
      .filter((span) => lastOf(span.t) === traceId)
      .map((span) => ({
        spanId: span.s,
        name: `${span.n} ${span.data?.kafka?.operation ?? span.data?.rabbitmq?.sort ?? span.data?.redis?.command ?? ''}`,
        links: [],
        isFailed: span.ec > 0,
        attributes: {},
      }));
  },
};
