// npm run demo: starts the brokers and the four services, sends a few orders, and draws the trace of one of them.
//   --orders N        how many orders to send (default 5)
//   --view            keep the services at work, with troubles to look at, and show them in the browser
//   --endpoint URL    export to this OTLP/HTTP collector as well, as http://localhost:4318
import { parseArgs } from 'node:util';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { startBrokers } from '../../integration-tests/brokers/index.ts';
import { type OtlpReceiver, type ReceivedRequest, startOtlpReceiver } from '../../test-support/otlp-receiver.ts';
import type { ReceivedSpan } from '../../test-support/otlp-decode.ts';
import { watch } from './watch.ts';
import { freePort, type Service, startService } from './processes.ts';
import type { Order } from './service.ts';
import { flaws, serviceOf, waterfall } from './waterfall.ts';

const services = ['shop', 'billing', 'shipping', 'notify'];
const customers = [
  { user: 'ada', tenant: 'acme' },
  { user: 'grace', tenant: 'globex' },
];
const patienceMs = 60_000;

interface Notification {
  order: string;
  baggage: Record<string, string>;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      orders: { type: 'string', default: '5' },
      endpoint: { type: 'string' },
      view: { type: 'boolean', default: false },
    },
  });
  if (values.view) return watch(say);
  const count = Number(values.orders);
  if (!Number.isInteger(count) || count < 1)
    throw new Error(`--orders: expected a whole number above 0, got ${values.orders}`);
  const orders = Array.from({ length: count }, (_, at): Order => ({
    id: `order-${at + 1}`,
    total: 10 * (at + 1),
    ...customers[at % customers.length]!,
  }));

  const brokers = await startBrokers({ log: say });
  const forwarded: Promise<void>[] = [];
  const receiver = await startOtlpReceiver({
    onRequest: (request) => {
      if (values.endpoint !== undefined) forwarded.push(forward(values.endpoint, request));
    },
  });
  const notifications: Notification[] = [];
  const running: Service[] = [];
  try {
    await createTopics(brokers.kafkaBrokers, ['shop.orders']);
    const port = await freePort();
    const environment = {
      KAFKA_BROKERS: brokers.kafkaBrokers.join(','),
      AMQP_URL: brokers.amqpUrl,
      REDIS_URL: brokers.redisUrl,
      PORT: String(port),
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    };
    say('starting shop, billing, shipping and notify, a process each');
    const started = services.map((name) => startService(name, environment, (line) => note(name, line, notifications)));
    running.push(...started);
    await Promise.all(started.map((service) => service.ready));

    say(`sending ${count} orders to shop over HTTP`);
    for (const order of orders) {
      const response = await fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body: JSON.stringify(order) });
      if (response.status !== 202) throw new Error(`shop answered ${response.status} to ${order.id}`);
    }
    await until(() => notifications.length >= count, 'notify to hear of every order');
    // Services that end flush what they have: after this, no span is under way.
    await Promise.all(running.splice(0).map((service) => service.stop()));
    await Promise.all(forwarded);
    if (values.endpoint !== undefined) say(`exported to ${values.endpoint} as well`);
    return report(receiver, orders, notifications);
  } finally {
    await Promise.all(running.map((service) => service.stop()));
    await receiver.close();
    await brokers.stop();
  }
}

/** Hands on what the services exported, byte for byte. */
async function forward(endpoint: string, { path, headers, body }: ReceivedRequest): Promise<void> {
  const type = headers['content-type'] ?? 'application/x-protobuf';
  const response = await fetch(new URL(path, endpoint), { method: 'POST', headers: { 'content-type': type }, body });
  if (!response.ok) throw new Error(`${endpoint} answered ${response.status} to the spans`);
}

function report(receiver: OtlpReceiver, orders: readonly Order[], notifications: readonly Notification[]): number {
  const traces = orders.map((order) => traceOf(receiver.spans, order));
  const problems = orders.map((order, at) => [
    ...flaws(traces[at]!, services),
    ...baggageFlaws(
      order,
      notifications.filter((notification) => notification.order === order.id),
    ),
  ]);
  const shown = orders.at(-1)!;
  const trace = traces.at(-1)!;
  const took = Number(
    trace.reduce((end, span) => (span.endTimeUnixNano > end ? span.endTimeUnixNano : end), 0n) -
      (trace[0]?.startTimeUnixNano ?? 0n),
  );
  console.log(
    `\n${shown.id}, trace ${trace[0]?.traceId ?? 'none'}: ${trace.length} spans of ${new Set(trace.map(serviceOf)).size} services in ${(took / 1e6).toFixed(0)} ms\n(█ a span at work, · a message on its way)\n`,
  );
  if (trace.length > 0) console.log(waterfall(trace, process.stdout.columns).join('\n'));
  const baggage = notifications.find((notification) => notification.order === shown.id)?.baggage ?? {};
  console.log(
    `\nbaggage seen by notify: ${
      Object.entries(baggage)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || 'none'
    }`,
  );
  for (const [at, order] of orders.entries())
    for (const problem of problems[at]!) console.log(`${order.id}: ${problem}`);
  const whole = problems.filter((found) => found.length === 0).length;
  console.log(`${whole} of ${orders.length} orders form one unbroken trace\n`);
  return whole === orders.length ? 0 : 1;
}

/** The spans of the trace that an order's send to Kafka belongs to, in order of their start. */
function traceOf(spans: readonly ReceivedSpan[], order: Order): ReceivedSpan[] {
  const send = spans.find((span) => serviceOf(span) === 'shop' && span.attributes['kafka.message.key'] === order.id);
  return spans
    .filter((span) => span.traceId === send?.traceId)
    .toSorted((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
}

function baggageFlaws(order: Order, seen: readonly Notification[]): string[] {
  if (seen.length !== 1) return [`notify heard of it ${seen.length} times`];
  const { baggage } = seen[0]!;
  const same = baggage['user.id'] === order.user && baggage['tenant.id'] === order.tenant;
  return same ? [] : [`notify saw the baggage ${JSON.stringify(baggage)}`];
}

function note(service: string, line: string, notifications: Notification[]): void {
  if (service === 'notify' && line.startsWith('{')) notifications.push(JSON.parse(line) as Notification);
  else say(`${service}: ${line}`);
}

function say(line: string): void {
  console.log(`demo: ${line}`);
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
