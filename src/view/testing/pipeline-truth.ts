// Generates a pipeline of spans with known results for tests.
import { request, spanId, type TestSpan, traceId } from './otlp.ts';

/** The expected results for one consumer of one destination. */
export interface HopTruth {
  waits: number[];
  messages: number;
  noContext: number;
  producerNotSeen: number;
  producerUnsampled: number;
  skewed: number;
  attempts: number;
  errors: number;
}

/** A recorded pipeline, and its expected results. */
export interface Truth {
  requests: Buffer[];
  /** By `destination>service`. */
  hops: Map<string, HopTruth>;
  /** By the numbered queues of the exchange `sharded`. */
  shards: Map<string, HopTruth>;
  /** By destination. */
  notConsumed: Map<string, number>;
  /** Journeys by their first message, with the spans that they must and must not contain. */
  journeys: { spanId: string; mine: Set<string>; batchOthers: number }[];
}

/** Pseudo-random numbers, the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Sent {
  traceId: string;
  spanId: string;
  start: number;
  destination: string;
}

/** The numbered queue that is slow. */
export const slowShard = 7;

const legs = [
  { destination: 'shop.orders', system: 'kafka', service: 'billing', typical: 400 },
  { destination: 'invoices', system: 'rabbitmq', service: 'shipping', typical: 12 },
  { destination: 'shipments', system: 'redis', service: 'notify', typical: 3 },
];

/** Generates a pipeline of this many journeys through three brokers, and every way in which a trace can break. */
export function pipelineTruth(journeys: number, base: number = Date.now() - 600_000, seed = 7): Truth {
  const random = randomFrom(seed);
  const exported = new Map<string, TestSpan[]>();
  const truth: Truth = { requests: [], hops: new Map(), shards: new Map(), notConsumed: new Map(), journeys: [] };
  const emit = (service: string, span: TestSpan): void => {
    const spans = exported.get(service) ?? [];
    exported.set(service, spans);
    spans.push(span);
  };
  const shardOf = (queue: string): HopTruth => truthIn(truth.shards, queue);
  const hop = (destination: string, service: string): HopTruth => truthIn(truth.hops, `${destination}>${service}`);
  const truthIn = (known: Map<string, HopTruth>, key: string): HopTruth => {
    const empty = {
      waits: [],
      messages: 0,
      noContext: 0,
      producerNotSeen: 0,
      producerUnsampled: 0,
      skewed: 0,
      attempts: 0,
      errors: 0,
    };
    const found = known.get(key) ?? empty;
    known.set(key, found);
    return found;
  };
  const wait = (typical: number): number => typical * Math.exp((random() + random() + random() - 1.5) * 1.5);

  const send = (
    service: string,
    destination: string,
    system: string,
    start: number,
    more: Partial<TestSpan> & { dropped?: boolean; key?: string } = {},
  ): Sent => {
    const { dropped, key, ...span } = more;
    const sent = { traceId: span.traceId ?? traceId(), spanId: spanId(), start, destination };
    const name = system === 'rabbitmq' ? `${destination}:created` : destination;
    const attributes = {
      'messaging.system.name': system,
      'messaging.operation.type': 'send',
      'messaging.destination.name': name,
      ...(system === 'rabbitmq' && { 'rabbitmq.destination.routing_key': 'created' }),
      ...(key !== undefined && { 'messaging.message.id': key }),
    };
    if (!dropped)
      emit(service, { ...span, ...sent, end: start + 2, kind: 'producer', name: `send ${name}`, attributes });
    return sent;
  };
  const process = (
    service: string,
    destination: string,
    system: string,
    start: number,
    messages: readonly Sent[],
    more: Partial<TestSpan> & { count?: number; group?: string; queue?: string } = {},
  ): Sent => {
    const { count, group, queue = `${service}.${destination}`, ...span } = more;
    const [first] = messages;
    const processed = { traceId: first?.traceId ?? traceId(), spanId: spanId(), start, destination };
    const name = system === 'rabbitmq' ? `${destination}:created:${queue}` : destination;
    emit(service, {
      ...(messages.length === 1 && { parent: first!.spanId }),
      kind: 'consumer',
      name: `process ${name}`,
      end: start + 5,
      links: messages.map(({ traceId, spanId }) => ({ traceId, spanId })),
      ...span,
      ...processed,
      attributes: {
        'messaging.system.name': system,
        'messaging.operation.type': 'process',
        'messaging.destination.name': name,
        'messaging.consumer.group.name': group ?? service,
        ...(system === 'rabbitmq' && { 'rabbitmq.destination.routing_key': 'created' }),
        ...(count !== undefined && { 'messaging.batch.message_count': count }),
        ...span.attributes,
      },
    });
    return processed;
  };

  for (let i = 0; i < journeys; i++) {
    let at = base + i * 20;
    const root = { traceId: traceId(), spanId: spanId() };
    emit('shop', { ...root, kind: 'server', name: 'POST /orders', start: at, end: at + 12 });
    const mine = new Set([root.spanId]);
    let parent = root.spanId;
    let service = 'shop';
    let firstId = '';
    for (const leg of legs) {
      const sent = send(service, leg.destination, leg.system, at + 1, {
        traceId: root.traceId,
        parent,
        key: `order-${i}`,
      });
      firstId ||= sent.spanId;
      const waited = wait(leg.typical);
      const processed = process(leg.service, leg.destination, leg.system, at + 1 + waited, [sent]);
      const truthOf = hop(leg.destination, leg.service);
      truthOf.messages++;
      truthOf.waits.push(waited);
      mine.add(sent.spanId).add(processed.spanId);
      parent = processed.spanId;
      service = leg.service;
      at = processed.start;
    }
    truth.journeys.push({ spanId: firstId, mine, batchOthers: 0 });
  }

  // Fan-out: three services consume each message.
  for (let i = 0; i < journeys / 10; i++) {
    const at = base + i * 50;
    const sent = send('shop', 'events', 'kafka', at);
    const mine = new Set([sent.spanId]);
    for (const [service, typical] of [
      ['search', 30],
      ['audit', 90],
      ['mail', 250],
    ] as const) {
      const waited = wait(typical);
      mine.add(process(service, 'events', 'kafka', at + waited, [sent]).spanId);
      hop('events', service).waits.push(waited);
      hop('events', service).messages++;
    }
    truth.journeys.push({ spanId: sent.spanId, mine, batchOthers: 0 });
  }

  // Batches of 50 messages, one span each; some messages have no context.
  for (let i = 0; i < journeys / 100; i++) {
    const at = base + i * 400;
    const messages = Array.from({ length: 50 }, (_, n) => send('shop', 'readings', 'kafka', at + n * 3));
    const start = at + 150 + wait(200);
    const lost = i % 4;
    const { spanId: batch } = process('meter', 'readings', 'kafka', start, messages, { count: messages.length + lost });
    const truthOf = hop('readings', 'meter');
    truthOf.messages += messages.length + lost;
    truthOf.noContext += lost;
    truthOf.waits.push(...messages.map((message) => start - message.start));
    truth.journeys.push({
      spanId: messages[7]!.spanId,
      mine: new Set([messages[7]!.spanId, batch]),
      batchOthers: 49 + lost,
    });
  }

  // 32 numbered queues of one exchange, of which one is slow and fails.
  for (let i = 0; i < journeys / 5; i++) {
    const at = base + i * 30;
    const shard = i % 32;
    const slow = shard === slowShard;
    const sent = send('shop', 'sharded', 'rabbitmq', at);
    const waited = wait(slow ? 5000 : 40);
    const failed = slow && i % 64 === shard;
    process('worker', 'sharded', 'rabbitmq', at + waited, [sent], {
      queue: `sharded.${shard}`,
      ...(failed && { error: 'disk full' }),
    });
    for (const truthOf of [hop('sharded', 'worker'), shardOf(`sharded.${shard}`)]) {
      truthOf.messages++;
      truthOf.waits.push(waited);
      if (failed) truthOf.errors++;
    }
  }

  // Different kinds of broken traces.
  for (let i = 0; i < 200; i++) {
    const at = base + i * 100;
    process('importer', 'legacy.feed', 'kafka', at, []);
    hop('legacy.feed', 'importer').messages++;
    hop('legacy.feed', 'importer').noContext++;

    const dropped = send('ghost', 'dark.topic', 'kafka', at, { dropped: true });
    process('reader', 'dark.topic', 'kafka', at + 10, [dropped]);
    hop('dark.topic', 'reader').messages++;
    hop('dark.topic', 'reader').producerNotSeen++;

    const unsampled = send('quiet', 'rare.topic', 'kafka', at, { dropped: true });
    process('reader', 'rare.topic', 'kafka', at + 10, [], {
      links: [{ traceId: unsampled.traceId, spanId: unsampled.spanId, flags: 0x300 }],
    });
    hop('rare.topic', 'reader').messages++;
    hop('rare.topic', 'reader').producerUnsampled++;

    const early = send('shop', 'skewed', 'kafka', at);
    process('tower', 'skewed', 'kafka', at - 3000, [early]);
    hop('skewed', 'tower').messages++;
    hop('skewed', 'tower').skewed++;

    const retried = send('shop', 'payments', 'kafka', at);
    process('bank', 'payments', 'kafka', at + 20, [retried], { error: 'card declined' });
    process('bank', 'payments', 'kafka', at + 5020, [retried]);
    const bank = hop('payments', 'bank');
    bank.messages++;
    bank.attempts++;
    bank.errors++;
    bank.waits.push(20);

    send('shop', 'unread', 'kafka', at);
    truth.notConsumed.set('unread', (truth.notConsumed.get('unread') ?? 0) + 1);
  }

  // In reverse order, so that consumers export before producers.
  for (const [service, spans] of [...exported].toReversed()) {
    for (let from = 0; from < spans.length; from += 512)
      truth.requests.push(request(service, spans.slice(from, from + 512)));
  }
  return truth;
}

/** The value below which a share of the values is. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
