// Sets up Elastic's APM agent; its package is in the folder of COMPARED_MODULES.
import { AsyncResource } from 'node:async_hooks';
import { startReceiver, untilQuiet } from './receiver.js';
import { requireTracer } from './require-tracer.js';

const receiver = await startReceiver('elastic');
const { port, spans } = receiver;
const apm = requireTracer('elastic-apm-node').start({
  serviceName: 'compared',
  serverUrl: `http://127.0.0.1:${port}`,
  apiRequestTime: '1s',
  centralConfig: false,
  cloudProvider: 'none',
  captureExceptions: false,
  exitSpanMinDuration: '0ms',
  spanCompressionEnabled: false,
  logLevel: 'off',
});

const lastOf = (id) => id?.slice(-16);
const headersOf = ({ context }) => Object.entries(context?.message?.headers ?? {});

globalThis.compared = {
  receiver,
  endSpan: (name) => new AsyncResource(name).runInAsyncScope(() => apm.startTransaction(name, 'custom').end()),
  inSpan: (fn) =>
    new AsyncResource('job').runInAsyncScope(async () => {
      const job = apm.startTransaction('job', 'custom');
      try {
        await fn();
      } finally {
        job.end();
      }
      return { traceId: lastOf(job.traceId), spanId: job.id };
    }),
  untraced: (fn) => fn(),
  activeTraceId: () => lastOf(apm.currentTransaction?.traceId),
  activeSpan: () => {
    const span = apm.currentSpan ?? apm.currentTransaction;
    return span && { spanId: span.id, links: () => [], isOpen: () => !span.ended };
  },
  ignoreDestinations: () => apm._conf.ignoreMessageQueuesRegExp.push(/./),
  restore: () => void (apm._conf.ignoreMessageQueuesRegExp.length = 0),
  async spansOf(traceId) {
    await apm.flush();
    await untilQuiet(spans, 50);
    return spans
      .filter((span) => lastOf(span.trace_id) === traceId)
      .map((span) => ({
        spanId: span.id,
        name: span.name,
        links: (span.links ?? []).map((link) => ({ traceId: lastOf(link.trace_id), spanId: link.span_id })),
        isFailed: span.outcome === 'failure',
        attributes: Object.fromEntries(
          headersOf(span).map(([name, value]) => [
            `messaging.header.${name}`,
            [value === '[REDACTED]' ? 'REDACTED' : value],
          ]),
        ),
      }));
  },
};
