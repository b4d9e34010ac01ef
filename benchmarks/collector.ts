// npm run bench:collector: what OpenTelemetry's Collector takes for the spans of mqtrace, in processor time, bytes and memory.
//   OTELCOL=/path/to/otelcol-contrib npm run bench:collector       without it, the image is run by Docker
// Processor time is the Collector's own, so that a busy machine does not change it much. It prints the tables of docs/production.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Change, type Collector, startCollector } from './collector/run-collector.ts';
import { makeRequests, type RequestOptions, services, spansPerService } from './collector/requests.ts';

const folder = mkdtempSync(join(tmpdir(), 'mqtrace-collector-'));
const spansPerTrace = services.length * spansPerService;
const full: RequestOptions = { traces: 170, gzip: false, shared: true };
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** Takes spans and drops them. */
const sink = `
receivers: { otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' }, http: { endpoint: '0.0.0.0:4318' } } } }
exporters: { debug: { verbosity: basic, sampling_initial: 1, sampling_thereafter: 1000000 } }
service:
  pipelines: { traces: { receivers: [otlp], exporters: [debug] } }
  telemetry: { metrics: { readers: [{ pull: { exporter: { prometheus: { host: '0.0.0.0', port: 8888 } } } }] } }
`;
const sinkPort = 42_000;

/** The gateway sends to the sink, which stands for both samplers, and so do the other two. */
const toSink: Change = (text) =>
  text
    .replace("['sampler-1:4317', 'sampler-2:4317']", `['127.0.0.1:${sinkPort}']`)
    .replace('jaeger:4317', `127.0.0.1:${sinkPort}`)
    .replace('${env:BACKEND}', `127.0.0.1:${sinkPort}`);
/** A sampler is sent its spans by gRPC; here it takes them over HTTP as the others do. */
const withHttp: Change = (text) =>
  toSink(text).replace(
    "grpc: { endpoint: '0.0.0.0:4317' }",
    "grpc: { endpoint: '0.0.0.0:4317' }\n      http: { endpoint: '0.0.0.0:4318' }",
  );

function post(url: string, body: Buffer, gzip: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', ...(gzip && { 'content-encoding': 'gzip' }) };
    const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    sent.on('error', reject).end(body);
  });
}

/** Sends this many traces; the number of spans. */
async function send({ url }: Collector, traces: number, options: RequestOptions): Promise<number> {
  let spans = 0;
  for (let left = traces; left > 0; left -= options.traces) {
    await Promise.all(makeRequests(options).map((body) => post(url, body, options.gzip)));
    spans += options.traces * spansPerTrace;
  }
  return spans;
}

const cpuSeconds = (collector: Collector): Promise<number> => collector.metric('otelcol_process_cpu_seconds');

/** Processor time of a Collector for a span, in microseconds, until it has done all that follows of it. */
async function cpuPerSpan(start: () => Promise<Collector>, options: RequestOptions, settleMs: number): Promise<number> {
  const collector = await start();
  try {
    await send(collector, 10_000, options);
    await sleep(settleMs);
    const before = await cpuSeconds(collector);
    const spans = await send(collector, 60_000, options);
    await sleep(settleMs);
    return ((await cpuSeconds(collector)) - before) / spans / 1e-6;
  } finally {
    await collector.stop();
  }
}

function row(...cells: (string | number)[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}

const rounded = (value: number, digits = 2): string => String(Number(value.toPrecision(digits)));

async function processorTime(): Promise<void> {
  console.log('\nProcessor time of a Collector for a span\n');
  row('what it does', 'HTTP body', 'µs per span', 'spans/s of a core');
  row('---', '---', '---', '---');
  const cases: [string, string, Change, number][] = [
    ['receives only', sink, (text) => text, 1000],
    ['beside the service (`agent.yaml`)', 'agent.yaml', toSink, 3000],
    ['gateway (`gateway.yaml`)', 'gateway.yaml', toSink, 3000],
    // The decision wait, and what is done after it.
    ['sampler (`sampler.yaml`)', 'sampler.yaml', withHttp, 16_000],
  ];
  for (const [name, file, change, settleMs] of cases) {
    for (const gzip of [false, true]) {
      const micros = await cpuPerSpan(() => startCollector(folder, file, 43_000, change), { ...full, gzip }, settleMs);
      row(name, gzip ? 'gzip' : 'plain', rounded(micros), rounded(1e6 / micros));
    }
  }
}

function wire(): void {
  console.log('\nBytes of a span on the wire\n');
  row('spans in a request', 'attributes', 'plain', 'gzip');
  row('---', '---', '---', '---');
  for (const traces of [1, 10, 170]) {
    for (const shared of [true, false]) {
      const size = (gzip: boolean): string => {
        const bodies = makeRequests({ traces, gzip, shared });
        const bytes = bodies.reduce((sum, body) => sum + body.length, 0);
        return (bytes / (traces * spansPerTrace)).toFixed(0);
      };
      row(traces * spansPerService, shared ? 'all' : 'only those that differ', size(false), size(true));
    }
  }
}

async function disk(): Promise<void> {
  console.log('\nBytes of a span in the queue file of a gateway whose samplers do not answer\n');
  row('attributes', 'bytes');
  row('---', '---');
  for (const shared of [true, false]) {
    const gateway = await startCollector(folder, 'gateway.yaml', 43_000, (text) =>
      text.replace("['sampler-1:4317', 'sampler-2:4317']", "['127.0.0.1:9']"),
    );
    const before = gateway.diskBytes();
    const spans = await send(gateway, 20_000, { ...full, shared });
    row(shared ? 'all' : 'only those that differ', ((gateway.diskBytes() - before) / spans).toFixed(0));
    await gateway.stop();
  }
}

async function memory(): Promise<void> {
  console.log('\nMemory of a sampler (RSS) for traces that wait for their decision\n');
  row('traces', 'spans in each', 'KB per trace', 'MB for 1000 traces/s and each second of decision wait');
  row('---', '---', '---', '---');
  const sampler = await startCollector(folder, 'sampler.yaml', 43_000, (text) =>
    withHttp(text).replace('decision_wait: 10s', 'decision_wait: 300s'),
  );
  const rss = (): Promise<number> => sampler.metric('otelcol_process_memory_rss');
  await send(sampler, 1000, full);
  await sleep(3000);
  const before = await rss();
  for (let traces = 20_000; traces <= 60_000; traces += 20_000) {
    await send(sampler, 20_000, full);
    await sleep(3000);
    const perTrace = ((await rss()) - before) / traces;
    row(traces, spansPerTrace, rounded(perTrace / 1000), rounded((perTrace * 1000) / 1e6));
  }
  await sampler.stop();
}

wire();
const receiver = await startCollector(folder, sink, sinkPort);
try {
  await disk();
  await memory();
  await processorTime();
} finally {
  await receiver.stop();
  agent.destroy();
  rmSync(folder, { recursive: true, force: true });
}
