// Publishes six messages through amqp-connection-manager before it is connected, each in a trace of its own; says which kept it.
//   node --import mqtrace/register register/connection-manager.mjs; BUILD names another package, LOAD=require another build
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';

const { BUILD = 'amqp-connection-manager', LOAD = 'import', QUEUE: queue } = process.env;
const { connect } = LOAD === 'import' ? await import(BUILD) : createRequire(import.meta.url)(BUILD);

const manager = connect([process.env.AMQP_URL]);
const channel = manager.createChannel({
  setup: (inner) => inner.assertQueue(queue, { durable: false, autoDelete: true }),
});
const tracer = trace.getTracer('application');
const sent = [];
const received = [];

for (let n = 0; n < 6; n++) {
  tracer.startActiveSpan(`request ${n}`, (span) => {
    sent.push(span.spanContext().traceId);
    void channel.sendToQueue(queue, Buffer.from(String(n))).finally(() => span.end());
  });
}

async function report() {
  const own = sent.filter((traceId, n) => received[n] === traceId).length;
  await manager.close();
  console.log(JSON.stringify({ own, of: new Set(sent).size }));
  process.exitCode = own === sent.length ? 0 : 1;
}

async function receive(inner) {
  await inner.consume(queue, (message) => {
    received[Number(message.content.toString())] = trace.getActiveSpan()?.spanContext().traceId;
    inner.ack(message);
    if (Object.keys(received).length === 6) setImmediate(() => void report());
  });
}
// Version 4.0 has no `consume`.
void channel.addSetup(receive);
