// Reads shipments from the Redis stream as a consumer group, and notifies the customer, who is known only from the
// baggage.
import { Redis } from 'ioredis';
import { getBaggage } from 'mqtrace';
import { consumeStream, traceRedis } from 'mqtrace/ioredis';
import { startTracing } from 'mqtrace/sdk';
import { environment, ready } from './service.ts';

const tracing = startTracing({ serviceName: 'notify' });
const redis = traceRedis(new Redis(environment('REDIS_URL')));

const consumer = consumeStream(redis, { streams: ['shipping.shipments'], group: 'notify' }, (entry) => {
  const baggage = Object.fromEntries(
    getBaggage()
      .getAllEntries()
      .map(([key, { value }]) => [key, value]),
  );
  console.log(JSON.stringify({ order: entry.fields['order'], baggage }));
});

ready(async () => {
  await consumer.stop();
  await redis.quit();
  await tracing.shutdown();
});
