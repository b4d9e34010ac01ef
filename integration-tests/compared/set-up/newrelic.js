// Sets up New Relic's agent, with its integration of kafkajs, which is off by default; its package is in the folder of
// COMPARED_MODULES. It sends by HTTPS only.
import { startReceiver, untilQuiet } from './receiver.js';
import { requireTracer } from './require-tracer.js';

const receiver = await startReceiver('newrelic');
const { port, certificate, spans } = receiver;

Object.assign(process.env, {
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  NEW_RELIC_APP_NAME: 'compared',
  NEW_RELIC_LICENSE_KEY: 'a'.repeat(40),
  NEW_RELIC_HOST: '127.0.0.1',
  NEW_RELIC_PORT: String(port),
  NEW_RELIC_CERTIFICATES: certificate,
  NEW_RELIC_LOG_ENABLED: 'false',
  NEW_RELIC_FEATURE_FLAG_KAFKAJS_INSTRUMENTATION: 'true',
  NEW_RELIC_UTILIZATION_DETECT_AWS: 'false',
  NEW_RELIC_UTILIZATION_DETECT_AZURE: 'false',
  NEW_RELIC_UTILIZATION_DETECT_GCP: 'false',
  NEW_RELIC_SPAN_EVENTS_MAX_SAMPLES_STORED: '10000',
});
const newrelic = requireTracer('newrelic');
const { agent } = newrelic;
await new Promise((resolve) => agent.once('connected', resolve));

const lastOf = (id) => id?.slice(-16);

globalThis.compared = {
  receiver,
  endSpan: (name) => newrelic.startBackgroundTransaction(name, () => {}),
  async inSpan(fn) {
    let ids;
    await newrelic.startBackgroundTransaction('job', async () => {
      const { traceId, spanId } = newrelic.getTraceMetadata();
      ids = { traceId: lastOf(traceId), spanId };
      await fn();
    });
    return ids;
  },
  untraced: (fn) => fn(),
  activeTraceId: () => lastOf(newrelic.getTraceMetadata().traceId),
  activeSpan: () => {
    const { transaction } = agent.tracer.getContext();
    const { spanId } = newrelic.getTraceMetadata();
    return transaction && { spanId, links: () => [], isOpen: () => transaction.isActive() };
  },
  async spansOf(traceId) {
    await new Promise((resolve) => agent.forceHarvestAll(resolve));
    await untilQuiet(spans, 50);
    return spans
      .filter(([{ traceId: id }]) => lastOf(id) === traceId)
      .map(([own, , attributes]) => ({
        spanId: own.guid,
        name: own.name,
        links: [],
        isFailed: attributes['error.class'] !== undefined,
        attributes,
      }));
  },
};
