// Relays entries of a Redis Stream to another one, traced with one of OpenTelemetry's SDKs for JavaScript or with Sentry's. Its
// packages are those of the folder PEER_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const requirePeer = createRequire(join(process.env.PEER_MODULES, 'any.js'));
const [relay] = JSON.parse(process.env.RELAYS);

if (relay.propagator === 'sentry') {
  requirePeer('@sentry/node').init({
    dsn: 'http://key@127.0.0.1:9/1',
    tracesSampleRate: 1,
    propagateTraceparent: true,
  });
}
const { context, defaultTextMapGetter, defaultTextMapSetter, propagation, ROOT_CONTEXT, trace } =
  requirePeer('@opentelemetry/api');

/** The propagator and the tracer: Sentry registers its own. */
function tools() {
  if (relay.propagator === 'sentry') return { propagator: propagation, tracer: trace.getTracer('relay') };
  const { W3CTraceContextPropagator } = requirePeer('@opentelemetry/core');
  const { TracerProvider } = requirePeer('@opentelemetry/sdk-trace');
  return { propagator: new W3CTraceContextPropagator(), tracer: new TracerProvider().getTracer('relay') };
}
const { propagator, tracer } = tools();

/** The fields of the entry that is sent on. */
function tracedFields(received) {
  const parent = propagator.extract(ROOT_CONTEXT, received, defaultTextMapGetter);
  const process = tracer.startSpan('process', { kind: 4 }, parent);
  const processing = trace.setSpan(parent, process);
  const send = tracer.startSpan('send', { kind: 3 }, processing);
  const carrier = {};
  const sending = trace.setSpan(processing, send);
  // Sentry injects what is active.
  context.with(sending, () => propagator.inject(sending, carrier, defaultTextMapSetter));
  send.end();
  process.end();
  return carrier;
}

const redis = new Redis(process.env.REDIS_URL);
for (let last = '0'; ;) {
  const reply = await redis.xread('BLOCK', 0, 'STREAMS', relay.from, last);
  for (const [id, fields] of reply[0][1]) {
    last = id;
    const received = {};
    for (let at = 0; at < fields.length; at += 2) received[fields[at]] = fields[at + 1];
    await redis.xadd(relay.to, '*', 'body', received.body, ...Object.entries(tracedFields(received)).flat());
  }
}
