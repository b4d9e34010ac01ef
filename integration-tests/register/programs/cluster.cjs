// XADD on a Cluster, on one of its nodes, in its pipeline and on a duplicate, and XREADGROUP with XACK.
const { Cluster } = require('ioredis');

const { REDIS_CLUSTER_NODES, STREAM } = process.env;
const cluster = new Cluster(
  REDIS_CLUSTER_NODES.split(',').map((node) => ({ host: node.split(':')[0], port: Number(node.split(':')[1]) })),
);

async function run() {
  await cluster.xgroup('CREATE', STREAM, 'g', '0', 'MKSTREAM');
  await cluster.xadd(STREAM, '*', 'by', 'cluster');
  await cluster.pipeline().xadd(STREAM, '*', 'by', 'pipeline').exec();
  for (const node of cluster.nodes('master')) await node.xadd(STREAM, '*', 'by', 'node').catch(() => {});
  const [[, entries]] = await cluster.xreadgroup('GROUP', 'g', 'c', 'STREAMS', STREAM, '>');
  await cluster.xack(STREAM, 'g', ...entries.map(([id]) => id));
  console.log(JSON.stringify(entries.map(([, fields]) => fields)));
  await cluster.del(STREAM);
  await cluster.quit();
}
void run();
