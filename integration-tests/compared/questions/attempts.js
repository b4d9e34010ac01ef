// Asks what a tracer tells of messages that fail: attempts and dead letters, by the names in docs/compared.md.
import { setTimeout as sleep } from 'node:timers/promises';

const spanIdIn = (headers) =>
  headers.traceparent?.split('-')[2] ??
  headers['sentry-trace']?.split('-')[1] ??
  headers.X_INSTANA_S ??
  headers['X-INSTANA-S'];

/** Whether an attribute is the number of an attempt after the first one. */
const isAttempt = ([name, value]) => /attempt|delivery.?count|retr(y|ies)/i.test(name) && Number(value) >= 1;

/**
 * @param client - one of the folder `clients`
 * @param deliveredTwice - sends a message whose handler fails once, to a queue with these arguments
 */
export function attemptQuestions(client, tracer, deliveredTwice) {
  /** The trace of a message that was rejected, and what its consumer behind a dead letter exchange sees. */
  async function deadLettered() {
    const dead = await client.newDestination();
    const input = () => [client.input({ source: 'shop' })];
    // The queue exists when the first one rejects the message.
    await tracer.untraced(() => client.send(dead, input()));
    await client.consume(dead, async () => {}, 1);
    const letters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead };
    const from = await client.newDestination(letters);
    const job = await tracer.inSpan(() => client.send(from, input()));
    const fail = async () => {
      throw new Error('cannot be processed');
    };
    await client.consume(from, fail, 1, { reject: true });
    let seen;
    await client.consume(dead, async () => void (seen = tracer.activeTraceId()), 1);
    return { dead, job, seen };
  }

  const questions = {};
  if (client.hasHeaders !== false) {
    questions[
      'A message that its handler sends on with its headers, such as to a dead letter topic, continues its trace'
    ] = async () => {
      const [from, to] = [await client.newDestination(), await client.newDestination()];
      const job = await tracer.inSpan(() => client.send(from, [client.input({ source: 'shop' })]));
      let first;
      const sendOn = (headers) => {
        first = headers;
        return client.send(to, [client.input(headers)]);
      };
      await client.consume(from, sendOn, 1);
      let second;
      await client.consume(to, async (headers) => void (second = [tracer.activeTraceId(), spanIdIn(headers)]), 1);
      const [traceId, spanId] = second;
      return traceId === job.traceId && spanId !== spanIdIn(first);
    };
  }
  if (client.hasQueueArguments) {
    questions['A dead-lettered message is processed in its trace'] = async () => {
      const { job, seen } = await deadLettered();
      return seen === job.traceId;
    };
    questions['A metric counts the messages that were dead-lettered'] = async () => {
      if (tracer.metricsOf === undefined) return undefined;
      const { dead } = await deadLettered();
      return ((await tracer.metricsOf(/dead/))[dead] ?? 0) > 0;
    };
  }
  // Kafka does not tell attempts, and RabbitMQ counts them in quorum queues.
  if (client.hasQueueArguments || client.countsAttempts) {
    questions['The span of a message that is delivered again has the number of the attempt'] = async () => {
      const { job } = client.attempts ? await client.attempts() : await deliveredTwice({ 'x-queue-type': 'quorum' });
      await sleep(50);
      return (await tracer.spansOf(job.traceId)).some(({ attributes }) => Object.entries(attributes).some(isAttempt));
    };
  }
  return questions;
}
