// The questions that are asked of every client, by their names in docs/compared.md.
import { setTimeout as sleep } from 'node:timers/promises';
import { attemptQuestions } from './attempts.js';

/** The ids in headers, of the formats of all compared tracers. */
const traceIdIn = (headers) =>
  (headers.traceparent?.split('-')[1] ?? headers['sentry-trace']?.split('-')[0] ?? '').slice(-16);
const spanIdIn = (headers) =>
  headers.traceparent?.split('-')[2] ??
  headers['sentry-trace']?.split('-')[1] ??
  headers.X_INSTANA_S ??
  headers['X-INSTANA-S'];

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}

/** @param client - one of the folder `clients` */
export function commonQuestions(client, tracer) {
  /** Sends in a span and consumes; the ids of the span, and what `look` has returned for each message. */
  async function roundTrip({ inputs, send, look, count, how, tenant }) {
    const destination = await client.newDestination();
    const given = inputs ?? [client.input({ source: 'shop' })];
    const job = await tracer.inSpan(() => (send ?? client.send)(destination, given, how?.options), { tenant });
    const seen = [];
    await client.consume(
      destination,
      async (headers, message) => void seen.push(await look?.(headers, message, seen.length)),
      count ?? given.length,
      how,
    );
    return { job, seen, destination };
  }
  const headersSeen = (options) => roundTrip({ ...options, look: (headers) => headers });

  /** The ids of the sending span, and the active trace of each attempt; the handler of the first one fails. */
  async function deliveredTwice(queueArguments) {
    const seen = [];
    const destination = await client.newDestination(queueArguments);
    const job = await tracer.inSpan(() => client.send(destination, [client.input({ source: 'shop' })]));
    const fail = async () => {
      seen.push(tracer.activeTraceId());
      if (seen.length === 1) throw new Error('the first attempt fails');
    };
    await client.consume(destination, fail, 2);
    return { job, seen };
  }

  const questions = {
    async 'A message is processed in the trace in which it was sent'() {
      const { job, seen } = await roundTrip({ look: () => tracer.activeTraceId() });
      return seen[0] === job.traceId;
    },

    async 'Its handler has the baggage of the sender'() {
      const { seen } = await roundTrip({ tenant: 'acme', look: () => tracer.tenant?.() });
      return seen[0] === 'acme';
    },

    async 'Messages that are sent in one call each carry a context of their own'() {
      const input = client.input({ source: 'shop' });
      const { seen } = await headersSeen({ inputs: [input, input] });
      const [first, second] = seen.map(spanIdIn);
      return first !== undefined && first !== second;
    },

    async 'Objects that the application passes are not changed'() {
      const input = client.input({ source: 'shop' });
      const before = JSON.stringify(input);
      await headersSeen({ inputs: [input] });
      return JSON.stringify(input) === before;
    },

    async 'Frozen objects can be sent'() {
      const { seen } = await headersSeen({ inputs: [deepFreeze(client.input({ source: 'shop' }))] });
      return seen.length === 1;
    },

    async 'The span of a consumer lasts as long as its asynchronous handler'() {
      const { seen } = await roundTrip({
        look: async () => {
          const span = tracer.activeSpan();
          await sleep(20);
          return span?.isOpen() ?? false;
        },
      });
      return seen[0];
    },

    async 'A message whose handler fails is delivered again, as without a tracer'() {
      return (await deliveredTwice()).seen.length === 2;
    },

    async 'A message that is delivered again is processed in its trace again'() {
      const { job, seen } = await deliveredTwice();
      return seen.length === 2 && seen.every((traceId) => traceId === job.traceId);
    },

    async 'A consumer can start a trace of its own that links the one of its message'() {
      tracer.linkConsumers?.();
      const look = () => ({ traceId: tracer.activeTraceId(), links: tracer.activeSpan()?.links() ?? [] });
      const { job, seen } = await roundTrip({ look, how: { options: { parenting: 'link' } } });
      const [{ traceId, links }] = seen;
      return traceId !== job.traceId && links.some(({ context }) => context.traceId.endsWith(job.traceId));
    },

    async 'Destinations can be left without spans, while their messages carry the context'() {
      tracer.ignoreDestinations?.();
      const { job, seen } = await headersSeen({ how: { options: { ignoreDestinations: ['*'] } } });
      return spanIdIn(seen[0]) === job.spanId && (await tracer.spansOf(job.traceId)).length <= 1;
    },

    async 'A message can start a new trace that links the one in which it was sent'() {
      const { job, seen } = await headersSeen({ how: { options: { newTrace: ['*'] } } });
      const sent = (await tracer.spansOf(traceIdIn(seen[0]))).find(({ spanId }) => spanId === spanIdIn(seen[0]));
      return sent?.links.some(({ spanId }) => spanId === job.spanId) ?? false;
    },

    async 'Headers can be captured, with secrets redacted'() {
      const options = { captureHeaders: ['order-id', 'x-token'] };
      const inputs = [client.input({ 'order-id': '7', 'x-token': 'abc' })];
      const { job } = await headersSeen({ inputs, how: { options } });
      return (await tracer.spansOf(job.traceId)).some(
        ({ attributes }) =>
          attributes['messaging.header.order-id']?.[0] === '7' &&
          attributes['messaging.header.x-token']?.[0] === 'REDACTED',
      );
    },

    async 'A hook can add attributes to the span of a message that is sent'() {
      if (tracer.hook === undefined || client.isWrapped === false) return undefined;
      const options = tracer.hook((setAttribute) => setAttribute('app.hook', true));
      const { job, seen } = await headersSeen({ how: { options } });
      // A message without a context tells nothing of its span.
      const sent = spanIdIn(seen[0]);
      const spans = await tracer.spansOf(job.traceId);
      return spans.some(
        ({ spanId, attributes }) => attributes['app.hook'] === true && (sent === undefined || spanId === sent),
      );
    },

    async 'A hook that throws does not reach the application'() {
      if (tracer.hook === undefined || client.isWrapped === false) return undefined;
      const options = tracer.hook(() => {
        throw new Error('broken hook');
      });
      const { seen } = await headersSeen({ how: { options } });
      return seen.length === 1;
    },

    async 'A propagator that throws does not reach the application'() {
      if (tracer.breakPropagator === undefined) return undefined;
      tracer.breakPropagator();
      const { seen } = await headersSeen({});
      return seen.length === 1;
    },

    async 'The messages that are sent are counted'() {
      if (tracer.metricsOf === undefined) return undefined;
      const { destination } = await headersSeen({});
      return ((await tracer.metricsOf(/sent/))[destination] ?? 0) > 0;
    },

    async 'They are counted in traces that are not sampled too'() {
      if (tracer.metricsOf === undefined) return undefined;
      const destination = await client.newDestination();
      const before = (await tracer.metricsOf(/sent/))[destination] ?? 0;
      await tracer.unsampled(() => client.send(destination, [client.input({ source: 'shop' })]));
      return ((await tracer.metricsOf(/sent/))[destination] ?? 0) > before;
    },

    async 'A metric reports how long messages have waited'() {
      if (tracer.metricsOf === undefined) return undefined;
      const { destination } = await headersSeen({});
      const ages = await tracer.metricsOf(/message\.age$|wait|latency/);
      return (ages[destination]?.count ?? 0) > 0;
    },

    async 'A metric reports the time since the start of a pipeline of several messages'() {
      if (tracer.metricsOf === undefined) return undefined;
      const { destination } = await headersSeen({ how: { options: { pipelines: true } } });
      const ages = await tracer.metricsOf(/pipeline/);
      return (ages[destination]?.count ?? 0) > 0;
    },
  };
  Object.assign(questions, attemptQuestions(client, tracer, deliveredTwice));
  if (client.settles) {
    questions['The settlement of a message has a span'] = async () => {
      const { job } = await roundTrip({ how: { settle: true } });
      await sleep(20);
      return (await tracer.spansOf(job.traceId)).some(({ name }) => /commit|\back\b|xack/i.test(name));
    };
  }
  if (client.sendTwiceWrapped) {
    questions['A client that is wrapped twice is traced once'] = async () => {
      if (tracer.again === undefined) return undefined;
      const { job } = await roundTrip({ send: (to, [input]) => client.sendTwiceWrapped(to, input) });
      return (await tracer.spansOf(job.traceId)).filter(({ name }) => /send|publish|xadd/.test(name)).length === 1;
    };
  }
  return questions;
}
