import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { expect, inject, test } from 'vitest';
import { startTracing, type StartTracingOptions, type Tracing } from 'mqtrace/sdk';
import { until } from '../brokers/wait.ts';
import { expectedSpan, queryTrace, type ShownSpan } from './jaeger.ts';

const { collectorHttp, collectorGrpc, jaeger } = inject('backends');

const protocols = [
  ['http/protobuf', collectorHttp],
  ['http/json', collectorHttp],
  ['grpc', collectorGrpc],
] as const;

/** Tracing, and the spans that it exports. */
function startRecording(options: StartTracingOptions): { tracing: Tracing; made: ReadableSpan[] } {
  const made: ReadableSpan[] = [];
  const recorder = {
    onStart: () => undefined,
    onEnd: (span: ReadableSpan) => void made.push(span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const tracing = startTracing({
    serviceName: 'orders',
    serviceVersion: '1.2.3',
    resourceAttributes: { 'team.size': 7, 'team.names': ['a', 'b'] },
    register: false,
    environment: 'ignore',
    ...options,
    spanProcessors: [recorder],
  });
  return { tracing, made };
}

const kinds = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER];
const ok = { code: SpanStatusCode.OK };

/**
 * Creates a trace with spans of every kind, attributes of every type, events, links, each status, and times in
 * nanoseconds.
 */
function makeTrace({ tracer }: Tracing, seconds: number): void {
  let parent: Context = ROOT_CONTEXT;
  for (let i = 0; i < 25; i++) {
    const start: [number, number] = [seconds, 123_456_789 + i];
    const span = tracer.startSpan(
      `step ${i}`,
      {
        kind: kinds[i % kinds.length]!,
        startTime: start,
        attributes: {
          text: `äöü 😀 ${'x'.repeat(i * 30)}`,
          empty: '',
          whole: i,
          negative: -i - 1,
          large: Number.MAX_SAFE_INTEGER - i,
          half: i + 0.5,
          yes: i % 2 === 0,
          texts: ['a', 'ö', ''],
          wholes: [1, 2, -3],
          flags: [true, false],
        },
        links: Array.from({ length: i % 4 }, (_, n) => ({
          context: { traceId: `${n + 1}`.repeat(32), spanId: `${n + 2}`.repeat(16), traceFlags: 1 },
          attributes: { n },
        })),
      },
      parent,
    );
    for (let n = 0; n < i % 3; n++) span.addEvent(`event ${n}`, { n, text: 'ü' }, [seconds, 200_000_001 + n]);
    if (i % 3 > 0) span.setStatus(i % 3 === 1 ? ok : { code: SpanStatusCode.ERROR, message: `refused ${i}` });
    span.end([seconds + 1, 987_654_321 + i]);
    if (i % 4 === 0) parent = trace.setSpan(ROOT_CONTEXT, span);
    if (i === 15) parent = ROOT_CONTEXT;
  }
}

const byId = (a: ShownSpan, b: ShownSpan): number => (a.spanId < b.spanId ? -1 : 1);

/** Every span as Jaeger returns it, once all have passed the Collector; `mayRepeat` if a request may have arrived twice. */
async function expectShown(made: readonly ReadableSpan[], { mayRepeat = false } = {}): Promise<void> {
  const expected = made.map(expectedSpan);
  for (const traceId of new Set(expected.map((span) => span.traceId))) {
    const ofTrace = expected.filter((span) => span.traceId === traceId);
    const found = await until(`trace ${traceId}`, async () => {
      const shown = await queryTrace(jaeger, traceId);
      const spans = mayRepeat ? [...new Map(shown.map((span) => [span.spanId, span])).values()] : shown;
      if (spans.length < ofTrace.length) throw new Error(`${spans.length} of ${ofTrace.length} spans`);
      return spans;
    });
    expect(found.toSorted(byId)).toEqual(ofTrace.toSorted(byId));
  }
}

test.each(protocols)('over %s Jaeger shows every span unchanged', async (protocol, endpoint) => {
  const { tracing, made } = startRecording({ export: { protocol, endpoint, maxBatchSpans: 40 } });
  const seconds = Math.floor(Date.now() / 1000) - 10;
  for (let i = 0; i < 5; i++) makeTrace(tracing, seconds + i);
  expect(await tracing.shutdown()).toEqual({ exported: 125, left: 0, dropped: 0 });
  await expectShown(made);
});

/** A proxy before the Collector, which simulates an outage. */
class Line {
  readonly #to: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(to: string) {
    this.#to = new URL(to);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<this> {
    const server = createServer((socket) => {
      const onward = connect(Number(this.#to.port), this.#to.hostname);
      for (const each of [socket, onward]) {
        this.#sockets.add(each);
        each.on('close', () => this.#sockets.delete(each));
        each.on('error', () => undefined);
      }
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async cut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server?.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

test.each(protocols)(
  'over %s spans made during an outage of the Collector arrive later, complete',
  async (protocol, to) => {
    const line = await new Line(to).open();
    const directory = mkdtempSync(join(tmpdir(), 'mqtrace-backends-'));
    try {
      const { tracing, made } = startRecording({
        export: { protocol, endpoint: line.url, intervalMs: 20, spool: { directory } },
      });
      const seconds = Math.floor(Date.now() / 1000) - 10;
      for (let i = 0; i < 12; i++) {
        makeTrace(tracing, seconds + i);
        if (i === 3) await line.cut();
        if (i === 8) await line.open();
        await sleep(50);
      }
      expect(await tracing.shutdown()).toMatchObject({ left: 0, dropped: 0 });
      const [counts] = tracing.stats().destinations;
      expect(counts).toMatchObject({ ended: 300, exported: 300, droppedTotal: 0 });
      expect(counts?.exportErrors).toBeGreaterThan(0);
      // A connection that is cut while the Collector answers: the request is repeated.
      await expectShown(made, { mayRepeat: true });
    } finally {
      await line.cut();
      rmSync(directory, { recursive: true, force: true });
    }
  },
);
