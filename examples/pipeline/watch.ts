// npm run demo -- --view: keeps the four services running until Ctrl-C, and shows them in the viewer.
import { existsSync } from 'node:fs';
import { startBrokers } from '../../integration-tests/brokers/index.ts';
import { createTopics } from '../../test-support/kafka-topics.ts';
import { startView } from '../../src/view/index.ts';
import { freePort, startService } from './processes.ts';

const ordersPerSecond = 5;
const customers = ['ada', 'grace', 'edsger', 'barbara'];

/** Runs until the process is stopped; resolves with the exit code. */
export async function watch(say: (line: string) => void): Promise<number> {
  const pageFolder = new URL('../../dist/src/view/page', import.meta.url).pathname;
  if (!existsSync(pageFolder)) throw new Error('there is no page: run "npm run build" first, as "npm run demo" does');
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const view = await startView({ pageFolder });
  const brokers = await startBrokers({ log: say });
  const port = await freePort();
  await createTopics(brokers.kafkaBrokers, ['shop.orders']);
  const environment = {
    KAFKA_BROKERS: brokers.kafkaBrokers.join(','),
    AMQP_URL: brokers.amqpUrl,
    REDIS_URL: brokers.redisUrl,
    PORT: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: view.otlpUrl,
    DEMO_TROUBLES: 'yes',
  };
  const services = ['shop', 'billing', 'shipping', 'notify'].map((name) =>
    startService(name, environment, (line) => {
      // kafkajs logs each failure as JSON; the page shows them better.
      if (!line.startsWith('{')) say(`${name}: ${line}`);
    }),
  );
  try {
    await Promise.all(services.map((service) => service.ready));
    say(`${ordersPerSecond} orders a second are on their way: ${view.url}`);
    say('Ctrl-C ends it.');
    let order = 0;
    const sending = setInterval(() => {
      const id = `order-${++order}`;
      const user = customers[order % customers.length]!;
      const body = JSON.stringify({ id, user, tenant: 'acme', total: order % 90 });
      fetch(`http://127.0.0.1:${port}/orders`, { method: 'POST', body }).catch((error: unknown) => say(String(error)));
    }, 1000 / ordersPerSecond);
    await stopped;
    clearInterval(sending);
    return 0;
  } finally {
    await Promise.all(services.map((service) => service.stop()));
    await view.close();
    await brokers.stop();
  }
}
