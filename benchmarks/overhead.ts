// What tracing costs on real brokers, beside the untraced clients and OpenTelemetry's auto-instrumentations: npm run bench:overhead
// `context` is the untraced client in a process that has OpenTelemetry's context manager, which any tracing needs.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startBrokers } from '../integration-tests/brokers/index.ts';

const program = fileURLToPath(new URL('support/overhead-client.js', import.meta.url));
const variants = ['none', 'context', 'mqtrace unsampled', 'auto unsampled', 'mqtrace sampled', 'auto sampled'] as const;
/** The best of some rounds in turn: what else the machine does only ever adds. */
const rounds = 2;

interface Cost {
  send: number;
  receive: number;
}

/** A line of the table, of less than 80 columns. */
const row = (client: string, variant: string, send: string, receive: string): string =>
  `| ${client.padEnd(7)} | ${variant.padEnd(17)} | ${send.padEnd(16)} | ${receive.padEnd(16)} |`;

const run = promisify(execFile);
const brokers = await startBrokers({ log: (line) => process.stderr.write(`brokers: ${line}\n`) });
const sink = createServer((request, response) => {
  request.resume().on('end', () => response.end());
}).listen(0, '127.0.0.1');
await once(sink, 'listening');
try {
  const sinkUrl = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
  const addresses = { kafkajs: brokers.kafkaBrokers[0]!, amqplib: brokers.amqpUrl, ioredis: brokers.redisUrl };
  console.log('Processor time per message in the client process;');
  console.log('in brackets, as a multiple of the untraced client.\n');
  console.log(row('client', 'tracing', 'send', 'receive'));
  console.log(row('-'.repeat(7), '-'.repeat(17), '-'.repeat(16), '-'.repeat(16)));
  for (const [client, address] of Object.entries(addresses)) {
    const best = new Map<string, Cost>();
    for (let round = 0; round < rounds; round++) {
      for (const variant of variants) {
        const { stdout } = await run(process.execPath, [program, client, variant, address, sinkUrl], {
          env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
        });
        const { send, receive } = JSON.parse(stdout) as Cost;
        const { send: bestSend = Infinity, receive: bestReceive = Infinity } = best.get(variant) ?? {};
        best.set(variant, { send: Math.min(send, bestSend), receive: Math.min(receive, bestReceive) });
      }
    }
    const untraced = best.get('none')!;
    for (const variant of variants) {
      const [send = '', receive = ''] = (['send', 'receive'] as const).map((operation) => {
        const cost = best.get(variant)![operation];
        return `${cost.toFixed(1)} µs${variant === 'none' ? '' : ` (${(cost / untraced[operation]).toFixed(2)})`}`;
      });
      console.log(row(client, variant, send, receive));
    }
  }
} finally {
  sink.close();
  await brokers.stop();
}
