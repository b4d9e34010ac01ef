// Generates the service programs of the loss benchmark, one for each export pipeline.
import type { Scenario } from './loss-scenarios.ts';

/** The two pipelines that are compared. */
export type Pipeline = 'stock' | 'mqtrace';

const stock = (url: string, grpc: boolean, maxQueueSize: number): string => `
  import { NodeTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-node';
  import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-${grpc ? 'grpc' : 'proto'}';
  import { resourceFromAttributes } from '@opentelemetry/resources';
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'loss' }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: '${url}' }), { maxQueueSize: ${maxQueueSize} })],
  });
  const tracer = provider.getTracer('loss');
  const flush = () => provider.forceFlush().catch(() => undefined);
  const shutdown = () => provider.shutdown().catch(() => undefined);
  const stats = () => undefined;`;

const mqtrace = (url: string, grpc: boolean, directory: string): string => `
  import { startTracing } from './src/sdk/index.js';
  const tracing = startTracing({ serviceName: 'loss', export: { endpoint: '${url}', protocol: '${grpc ? 'grpc' : 'http/protobuf'}', spool: { directory: '${directory}' } } });
  const { tracer } = tracing;
  const flush = () => tracing.flush();
  const shutdown = () => tracing.shutdown();
  const stats = () => tracing.stats().destinations[0];`;

/** The code of every program: it creates spans each second, counts them, and prints the counters at the end. */
const common = `
  import { writeSync } from 'node:fs';
  const say = (value) => writeSync(1, JSON.stringify(value) + '\\n');
  let created = 0;
  const span = () => { created++; tracer.startSpan('work', { attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders', n: created } }).end(); };
  const burst = (count) => { for (let i = 0; i < count; i++) span(); };
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const balanced = () => {
    const s = stats();
    return s === undefined || s.ended + s.adopted === s.exported + s.droppedTotal + s.queued + s.held + s.inFlight + s.spooled;
  };
  let alwaysBalanced = true;
  const load = async (perSecond, seconds) => {
    const start = performance.now();
    const target = perSecond * seconds;
    const before = created;
    while (created - before < target) {
      const due = Math.min(target, Math.floor(((performance.now() - start) / 1000) * perSecond));
      burst(due - (created - before));
      alwaysBalanced &&= balanced();
      say({ created });
      await sleep(10);
    }
  };
  process.on('exit', () => say({ created, balanced: alwaysBalanced && balanced(), stats: stats() }));`;

/** A program that creates spans with one of the pipelines. */
export function programFor(
  pipeline: Pipeline,
  url: string,
  grpc: boolean,
  directory: string,
  scenario: Pick<Scenario, 'body' | 'stockQueue'>,
): string {
  const { body, stockQueue = 2048 } = scenario;
  return (pipeline === 'stock' ? stock(url, grpc, stockQueue) : mqtrace(url, grpc, directory)) + common + body;
}

/** The next start of the same service, which delivers what the previous one left in the spool. */
export function restartProgram(url: string, grpc: boolean, directory: string): string {
  return `${mqtrace(url, grpc, directory)}
    await tracing.shutdown({ timeoutMs: 60000 });`;
}
