// Export requests of a pipeline of three services, as mqtrace encodes them, with a new trace for each message.
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { BufferPool } from '../../src/export/buffer-pool.ts';
import { OpenBatch } from '../../src/export/open-batch.ts';

/** The size of the requests. */
export interface RequestOptions {
  /** Traces in a request. */
  readonly traces: number;
  readonly gzip: boolean;
  /** Whether spans have the attributes that all spans of an operation share. */
  readonly shared: boolean;
}

/** The services of the pipeline. A trace has the spans of all of them: process (but for the first), send and settle. */
export const services = ['shop', 'billing', 'shipping'] as const;

/** Spans that each service adds to a trace. */
export const spansPerService = 3;

const resources = services.map((name, at) =>
  resourceFromAttributes({
    'service.name': name,
    'service.version': '1.2.3',
    'service.instance.id': `0b7c1a52-9f3e-4d0a-8a61-5d1f3c2b7e0${at}`,
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': '2.12.0',
    'host.name': `node-${at}`,
    'process.pid': 4711,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': '20.20.2',
  }),
);

const operations = [
  { name: 'process', type: 'process', kind: SpanKind.CONSUMER },
  { name: 'send', type: 'send', kind: SpanKind.PRODUCER },
  { name: 'commit', type: 'settle', kind: SpanKind.CLIENT },
] as const;

/** The same for every span of an operation of a service. */
const shared = operations.map(({ name, type }): Attributes => ({
  'messaging.system.name': 'kafka',
  'messaging.operation.name': name,
  'messaging.operation.type': type,
  'messaging.destination.name': 'orders',
  'messaging.consumer.group.name': 'billing',
  'messaging.client.id': 'billing-7',
  'server.address': 'kafka-3.internal',
  'server.port': 9092,
}));

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const pool = new BufferPool();
const batch = new OpenBatch();
let made = 0;

function span(
  service: number,
  operation: number,
  traceId: string,
  parentId: string,
  options: RequestOptions,
): ReadableSpan {
  const context = { traceId, spanId: hex(8), traceFlags: TraceFlags.SAMPLED };
  const parent = { traceId, spanId: parentId, traceFlags: TraceFlags.SAMPLED, isRemote: operation === 0 };
  const { kind, name } = operations[operation]!;
  made++;
  return {
    name: `${name} orders`,
    kind,
    spanContext: () => context,
    parentSpanContext: parent,
    startTime: [1_790_000_000 + (made >> 10), (made * 7919) % 1e9],
    endTime: [1_790_000_001 + (made >> 10), (made * 104_729) % 1e9],
    duration: [1, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes: {
      ...(options.shared && shared[operation]),
      'messaging.destination.partition.id': String(made % 12),
      'kafka.offset': 1_000_000 + made,
      ...(operation === 0 && { 'mqtrace.message.age': (made % 997) / 1000 }),
    },
    links: operation === 0 ? [{ context: parent }] : [],
    events: [],
    ended: true,
    resource: resources[service]!,
    instrumentationScope: { name: 'mqtrace/kafkajs', version: '0.1.0' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** One request of each service, with the parts of the same new traces. */
export function makeRequests(options: RequestOptions): Buffer[] {
  const ids = Array.from({ length: options.traces }, () => hex(16));
  return services.map((_, service) => {
    for (const traceId of ids) {
      const parentId = hex(8);
      for (let operation = 0; operation < spansPerService; operation++) {
        batch.add(span(service, operation, traceId, parentId, options));
      }
    }
    const { buffer, length } = batch.close(pool);
    const body = Buffer.from(buffer.subarray(0, length));
    pool.give(buffer);
    return options.gzip ? gzipSync(body) : body;
  });
}
