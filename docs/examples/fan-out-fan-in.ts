import { Redis } from 'ioredis';
import { captureContext, type CapturedContext, fanIn, fanOut } from 'mqtrace';
import { processMessage, traceRedis } from 'mqtrace/ioredis';

type Entries = [stream: string, entries: [id: string, fields: string[]][]][] | null;

/** One order becomes a parcel for each warehouse: each branch has a span, and its message carries it. */
export async function splitOrder(url: string, stream: string, warehouses: string[]): Promise<void> {
  const redis = traceRedis(new Redis(url));
  await Promise.all(
    fanOut('pack parcel', warehouses, (warehouse) => redis.xadd(stream, '*', 'warehouse', warehouse), {
      // 'auto', the default, makes up to 100 branches children of this trace, and more of them traces of their own, linked.
      trace: 'auto',
    }),
  );
  redis.disconnect();
}

/** All parcels are shipped by one truck: one span that links everything that is on it, however much that is. */
export async function loadTruck(url: string, stream: string, group: string, truck: string): Promise<number> {
  const redis = traceRedis(new Redis(url));
  const reply = (await redis.xreadgroup('GROUP', group, truck, 'COUNT', 1000, 'STREAMS', stream, '>')) as Entries;
  const entries = reply?.[0]?.[1] ?? [];
  // Each parcel is checked in its own trace; what is kept of it is its context.
  const parcels: CapturedContext[] = entries.map((entry) => processMessage(entry, () => captureContext()));
  await fanIn('load truck', parcels, async () => {
    await redis.xadd(`${stream}:trucks`, '*', 'truck', truck, 'parcels', String(parcels.length));
  });
  redis.disconnect();
  return parcels.length;
}
