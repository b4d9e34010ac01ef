// Sends and consumes a message of one client, and says whether its handler is in the trace of the send. For a program of its own,
// which imports the client statically and may be a bundle: CLIENT KAFKA_BROKER AMQP_URL REDIS_URL
import { clients } from '../clients/index.js';

/** @param modules - what the client is made of, as the program has imported it */
export async function roundTrip(modules) {
  const [, , name, kafkaBroker, amqpUrl, redisUrl] = process.argv;
  const tracer = globalThis.compared;
  const client = clients[name].make(modules, { kafkaBroker, amqpUrl, redisUrl }, tracer);
  const destination = await client.newDestination();
  const job = await tracer.inSpan(() => client.send(destination, [client.input({ source: 'shop' })]));
  let seen;
  await client.consume(destination, async () => void (seen = tracer.activeTraceId()), 1);
  process.stdout.write(seen === job.traceId ? 'same trace\n' : 'another trace\n', () => process.exit(0));
}
