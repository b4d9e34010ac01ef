// Publishes six messages through amqp-connection-manager before it is connected, each in a trace of its own; says which kept it.
const { trace } = require('@opentelemetry/api');
const { connect } = require('amqp-connection-manager');

const queue = process.env.QUEUE;
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

function report() {
  const own = sent.filter((traceId, n) => received[n] === traceId).length;
  void manager.close().then(() => console.log(JSON.stringify({ own, of: new Set(sent).size })));
}

void channel.consume(queue, (message) => {
  received[Number(message.content.toString())] = trace.getActiveSpan()?.spanContext().traceId;
  channel.ack(message);
  if (Object.keys(received).length === 6) setImmediate(report);
});
