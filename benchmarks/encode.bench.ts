// How much encoding costs: ours against the official serializer, per span, in time and in allocated bytes.
//   node --expose-gc --import tsx benchmarks/encode.bench.ts
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { BufferPool } from '../src/sdk/export/buffer-pool.ts';
import { OpenBatch } from '../src/sdk/export/open-batch.ts';

const batchSize = 512;
const rounds = 400;

const resource = resourceFromAttributes({ 'service.name': 'orders', 'service.version': '1.2.3', 'host.name': 'node-17' });
const scope = { name: 'mqtrace/kafkajs', version: '0.1.0' };
const hex = (bytes: number): string => Buffer.from(Array.from({ length: bytes }, () => Math.random() * 256)).toString('hex');

/** A consumer's span as mqtrace's wrappers make it. */
function messagingSpan(index: number): ReadableSpan {
  const context = { traceId: hex(16), spanId: hex(8), traceFlags: TraceFlags.SAMPLED };
  const parent = { traceId: context.traceId, spanId: hex(8), traceFlags: TraceFlags.SAMPLED, isRemote: true };
  const failed = index % 10 === 0;
  return {
    name: 'process orders',
    kind: SpanKind.CONSUMER,
    spanContext: () => context,
    parentSpanContext: parent,
    startTime: [1_760_000_000 + index, 123_456_789],
    endTime: [1_760_000_000 + index, 987_654_321],
    duration: [0, 864_197_532],
    status: failed ? { code: SpanStatusCode.ERROR, message: 'payment refused' } : { code: SpanStatusCode.UNSET },
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': String(index % 12),
      'messaging.kafka.offset': 1_000_000 + index,
      'messaging.consumer.group.name': 'billing',
      'messaging.message.body.size': 512,
      'messaging.client.id': 'billing-7',
      'server.address': 'kafka-3.internal',
      'server.port': 9092,
      'mqtrace.message.age': 0.25 + index / 1000,
    },
    links: [{ context: parent }],
    events: failed ? [{ name: 'exception', time: [1_760_000_000 + index, 987_000_000], attributes: { 'exception.type': 'PaymentError', 'exception.message': 'payment refused' } }] : [],
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

const spans = Array.from({ length: batchSize }, (_, index) => messagingSpan(index));
const pool = new BufferPool();
const open = new OpenBatch();

function ours(): number {
  for (const span of spans) open.add(span);
  const request = open.close(pool);
  pool.give(request.buffer);
  return request.length;
}

const official = (): number => ProtobufTraceSerializer.serializeRequest(spans)!.length;

interface Cost {
  readonly nanosPerSpan: number;
  readonly heapPerSpan: number;
  readonly buffersPerSpan: number;
}

/** The best of several runs, since everything else that the machine does only adds. */
function measure(run: () => number): Cost {
  const gc = (globalThis as { gc?: () => void }).gc;
  for (let i = 0; i < 50; i++) run();
  let nanosPerSpan = Infinity;
  for (let series = 0; series < 20; series++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < rounds / 20; i++) run();
    nanosPerSpan = Math.min(nanosPerSpan, Number(process.hrtime.bigint() - start) / ((rounds / 20) * batchSize));
  }
  gc?.();
  const before = process.memoryUsage();
  // So few that no collection comes between.
  const few = 4;
  for (let i = 0; i < few; i++) run();
  const after = process.memoryUsage();
  const per = few * batchSize;
  return {
    nanosPerSpan,
    heapPerSpan: (after.heapUsed - before.heapUsed) / per,
    buffersPerSpan: (after.arrayBuffers - before.arrayBuffers) / per,
  };
}

const [bytes, a, b] = [ours(), measure(official), measure(ours)];
const line = (name: string, { nanosPerSpan, heapPerSpan, buffersPerSpan }: Cost): string =>
  `${name.padEnd(10)} ${nanosPerSpan.toFixed(0).padStart(6)} ns/span ${heapPerSpan.toFixed(0).padStart(6)} B heap/span ${buffersPerSpan.toFixed(0).padStart(6)} B buffers/span`;
console.log(`${batchSize} spans, ${(bytes / batchSize).toFixed(0)} bytes each, Node ${process.version}`);
console.log(line('official', a));
console.log(line('mqtrace', b));
console.log(`ratio      ${(b.nanosPerSpan / a.nanosPerSpan).toFixed(2)}`);
