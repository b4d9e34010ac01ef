// Compares our encoder with the official serializer, in time and allocated bytes per span: node --expose-gc --import
// tsx benchmarks/encode.bench.ts
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { BufferPool } from '../src/export/buffer-pool.ts';
import { OpenBatch } from '../src/export/open-batch.ts';

const batchSize = 512;
const rounds = 10;

const resource = resourceFromAttributes({
  'service.name': 'orders',
  'service.version': '1.2.3',
  'host.name': 'node-17',
});
const scope = { name: 'mqtrace/kafkajs', version: '0.1.0' };
const hex = (bytes: number): string =>
  Buffer.from(Array.from({ length: bytes }, () => Math.random() * 256)).toString('hex');

/** A consumer span as mqtrace's wrappers create it. */
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
    events: failed
      ? [
          {
            name: 'exception',
            time: [1_760_000_000 + index, 987_000_000],
            attributes: { 'exception.type': 'PaymentError', 'exception.message': 'payment refused' },
          },
        ]
      : [],
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

const contestants = [
  { name: 'official', run: official, micros: Infinity, heap: 0, buffers: 0 },
  { name: 'mqtrace', run: ours, micros: Infinity, heap: 0, buffers: 0 },
];
for (const { run } of contestants) for (let i = 0; i < 50; i++) run();
// In turns, in processor time, and the minimum of many runs: other load can only add time.
for (let series = 0; series < 60; series++) {
  for (const each of contestants) {
    const before = process.cpuUsage();
    for (let i = 0; i < rounds; i++) each.run();
    const { user, system } = process.cpuUsage(before);
    each.micros = Math.min(each.micros, (user + system) / (rounds * batchSize));
  }
}
for (const each of contestants) {
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.memoryUsage();
  // Few enough that no garbage collection occurs.
  for (let i = 0; i < 4; i++) each.run();
  const after = process.memoryUsage();
  each.heap = (after.heapUsed - before.heapUsed) / (4 * batchSize);
  each.buffers = (after.arrayBuffers - before.arrayBuffers) / (4 * batchSize);
}

console.log(`${batchSize} spans, ${(ours() / batchSize).toFixed(0)} bytes each, Node ${process.version}`);
for (const { name, micros, heap, buffers } of contestants) {
  const [time, onHeap, inBuffers] = [micros.toFixed(2), heap.toFixed(0), buffers.toFixed(0)];
  console.log(`${name.padEnd(9)} ${time} µs/span, ${onHeap} B heap/span, ${inBuffers} B of buffers/span`);
}
console.log(`ratio     ${(contestants[1]!.micros / contestants[0]!.micros).toFixed(2)}`);
