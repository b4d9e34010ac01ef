// Starts all brokers, reports it on standard output, and keeps them running until it is stopped from outside.
import { startBrokers, startRedisCluster } from '../index.ts';

const [, { nodes }] = await Promise.all([startBrokers(), startRedisCluster()]);
process.stdout.write(`ready ${nodes.length}\n`);
setInterval(() => {}, 60_000);
