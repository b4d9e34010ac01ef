// Generates a pipeline of many services and destinations for tests and pictures.
import { request, spanId, type TestSpan, traceId } from './otlp.ts';

const subjects = 'orders payments invoices shipments stock prices carts refunds emails labels loyalty fraud'.split(' ');
const events = 'created updated requested done failed retry'.split(' ');
const systems = ['kafka', 'rabbitmq', 'redis'];

/**
 * Spans of a pipeline with this many services and destinations together. Each service consumes what earlier ones send, one in nine also
 * sends to a destination of an earlier one, and one in eleven destinations has no consumer.
 */
export function widePipeline(nodes: number, messages: number = 40, base: number = Date.now() - 120_000): Buffer[] {
  const services = Array.from({ length: Math.ceil(nodes * 0.4) }, (_, at) => nameOf(subjects, 'service', at, '-'));
  const destinations = Array.from({ length: nodes - services.length }, (_, at) => ({
    name: nameOf(subjects, events[(at * 5) % events.length]!, at, '.'),
    system: systems[(at * 7) % 3]!,
    sender: Math.floor((at * services.length) / (nodes - services.length)),
    consumers: at % 11 === 10 ? 0 : 1 + (at % 3 === 2 ? 1 : 0) + (at % 13 === 12 ? 2 : 0),
  }));
  const spans = new Map<string, TestSpan[]>(services.map((name) => [name, []]));
  for (const [at, { name, system, sender, consumers }] of destinations.entries()) {
    const attributes = { 'messaging.system.name': system, 'messaging.destination.name': name };
    for (let message = 0; message < messages; message++) {
      const start = base + (message * 119_000) / messages + at;
      const ids = { traceId: traceId(), spanId: spanId() };
      const from = at % 9 === 8 && message % 4 === 0 ? (sender + 5) % services.length : sender;
      spans.get(services[from]!)!.push({
        ...ids,
        kind: 'producer',
        name: `send ${name}`,
        start,
        end: start + 2,
        attributes: { ...attributes, 'messaging.operation.type': 'send', 'messaging.message.id': `${name}-${message}` },
      });
      for (let consumer = 0; consumer < consumers; consumer++) {
        const service = services[(sender + 1 + consumer * 3) % services.length]!;
        const typical = 2 * 2.2 ** ((at * 5 + consumer * 3) % 11);
        const from = start + typical * (0.2 + ((message * 37) % 40) / 25);
        spans.get(service)!.push({
          traceId: ids.traceId,
          parent: ids.spanId,
          kind: 'consumer',
          name: `process ${name}`,
          start: from,
          end: from + 6,
          error: at % 10 === 3 && message % 12 === 0 ? 'connect ECONNREFUSED 10.0.0.7:5432' : false,
          links: [ids],
          attributes: {
            ...attributes,
            'messaging.operation.type': 'process',
            'messaging.consumer.group.name': service,
          },
        });
      }
    }
  }
  return [...spans].map(([service, each]) => request(service, each));
}

function nameOf(words: readonly string[], ending: string, at: number, joint: string): string {
  const round = Math.floor(at / words.length);
  return `${words[at % words.length]}${joint}${ending}${round === 0 ? '' : `${joint}${round + 1}`}`;
}
