// Starts all brokers, says so on standard output, and holds them until it is ended from outside.
import { startBrokers, startRedisCluster } from '../index.ts';

const [, { nodes }] = await Promise.all([startBrokers(), startRedisCluster()]);
process.stdout.write(`ready ${nodes.length}\n`);
setInterval(() => {}, 60_000);
