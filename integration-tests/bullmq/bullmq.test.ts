// Tests BullMQ 5 and 6 on a real Redis: queues, workers, flows, schedulers, bulk, retries and failures.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, SpanKind, SpanStatusCode, type TextMapPropagator, trace } from '@opentelemetry/api';
import * as bullmq6 from 'bullmq';
import * as bullmq5 from 'bullmq5';
import { BullMQOtel } from 'bullmq-otel';
import { getBaggage, mqtracePropagator, withBaggage } from 'mqtrace';
import { bullmqTelemetry, traceFlowProducer, traceWorker } from 'mqtrace/bullmq';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { mqtraceMetrics } from '../../src/metrics/index.ts';

const spans = recordRegisteredSpans();
const metrics = mqtraceMetrics();

const address = new URL(inject('redisUrl'));
const connection = { host: address.hostname, port: Number(address.port), maxRetriesPerRequest: null };

type Processor = (job: bullmq6.Job) => Promise<unknown>;

describe.each([
  ['6', bullmq6],
  ['5', bullmq5 as unknown as typeof bullmq6],
])('BullMQ %s', (_, bullmq) => {
  const queueOf = (name: string, telemetry: unknown = bullmqTelemetry()): bullmq6.Queue => {
    const queue = new bullmq.Queue(name, { connection, telemetry: telemetry as never });
    onTestFinished(async () => {
      await queue.obliterate({ force: true });
      await queue.close();
    });
    return queue;
  };

  /** Starts a worker, and waits until it has finished this number of attempts. */
  async function work(name: string, attempts: number, processor: Processor, wrap = true): Promise<void> {
    const telemetry = wrap ? undefined : bullmqTelemetry();
    const made = new bullmq.Worker(name, processor, {
      connection,
      ...(telemetry && { telemetry: telemetry as never }),
    });
    const worker = wrap ? traceWorker(made) : made;
    let finished = 0;
    await new Promise<void>((resolve) => {
      const count = (): void => {
        if (++finished === attempts) resolve();
      };
      worker.on('completed', count);
      worker.on('failed', count);
    });
    await worker.close();
  }

  /** Count and sum of a metric for a queue, by operation. */
  async function read(name: string, queue: string): Promise<Record<string, unknown>> {
    const all = (await metrics.collect()).resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    const metric = all.find(({ descriptor }) => descriptor.name === name);
    return Object.fromEntries(
      (metric?.dataPoints ?? [])
        .filter(({ attributes }) => attributes['messaging.destination.name'] === queue)
        .map(({ attributes, value }) => [
          String(attributes['messaging.operation.name']),
          typeof value === 'number' ? value : { count: value.count, sum: value.sum },
        ]),
    );
  }

  test.each([
    ['traceWorker', true],
    ['the telemetry option alone', false],
  ])('a job is one trace from add to process, with its baggage (%s)', async (__, wrap) => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    const job = await withBaggage({ tenant: 'acme' }, () => queue.add('order', { n: 1 }));
    const seen: unknown[] = [];
    await work(
      name,
      1,
      async () => {
        await sleep(1);
        seen.push(trace.getActiveSpan()?.spanContext().spanId, getBaggage().getEntry('tenant')?.value);
      },
      wrap,
    );
    const [add, process] = spans.spans();
    expect(spans.spans()).toHaveLength(2);
    expect([add!.name, add!.kind]).toEqual([`add ${name}`, SpanKind.PRODUCER]);
    expect([process!.name, process!.kind]).toEqual([`process ${name}`, SpanKind.CONSUMER]);
    expect(process!.parentSpanContext?.spanId).toBe(add!.spanContext().spanId);
    expect(process!.links.map((link) => link.context.spanId)).toEqual([add!.spanContext().spanId]);
    expect(seen).toEqual([process!.spanContext().spanId, 'acme']);
    for (const span of [add!, process!]) {
      expect(span.attributes).toMatchObject({
        'messaging.system.name': 'bullmq',
        'messaging.destination.name': name,
        'messaging.message.id': job.id,
        'bullmq.job.name': 'order',
      });
    }
    expect(process!.attributes['mqtrace.message.delivery_attempt']).toBe(1);
    expect(spans.open()).toEqual([]);
  });

  test('each attempt is a child span of the job, with its error; only failed attempts have an error', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    await queue.add('order', {}, { attempts: 3, backoff: 10 });
    let attempt = 0;
    await work(name, 3, async () => {
      await sleep(1);
      if (++attempt < 3) throw new RangeError(`attempt ${attempt}`);
    });
    const add = spans.span(`add ${name}`);
    const attempts = spans.named(`process ${name}`);
    expect(attempts.map((span) => span.parentSpanContext?.spanId)).toEqual(
      Array.from({ length: 3 }, () => add.spanContext().spanId),
    );
    expect(attempts.map((span) => span.attributes['mqtrace.message.delivery_attempt'])).toEqual([1, 2, 3]);
    expect(attempts.map((span) => [span.status.code, span.attributes['error.type']])).toEqual([
      [SpanStatusCode.ERROR, 'RangeError'],
      [SpanStatusCode.ERROR, 'RangeError'],
      [SpanStatusCode.UNSET, undefined],
    ]);
    expect(attempts[1]!.events.map((event) => event.attributes?.['exception.message'])).toEqual(['attempt 2']);
  });

  test('without traceWorker a failure has the message that BullMQ reports', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    await queue.add('order', {});
    await work(name, 1, () => Promise.reject(new RangeError('no')), false);
    const { status, events } = spans.span(`process ${name}`);
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'no' });
    expect(events.map((event) => event.attributes?.['exception.message'])).toEqual(['no']);
  });

  test('a job that was moved, not failed, has no error', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    await queue.add('order', {});
    let first = true;
    await work(name, 1, async (job) => {
      if (!first) return;
      first = false;
      await job.moveToDelayed(Date.now() + 20, job.token);
      throw new bullmq.DelayedError();
    });
    expect(spans.named(`process ${name}`).map(({ status }) => status.code)).toEqual([
      SpanStatusCode.UNSET,
      SpanStatusCode.UNSET,
    ]);
  });

  test('bulk: one span for the call, whose context all jobs carry', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    await queue.addBulk([
      { name: 'a', data: 1 },
      { name: 'b', data: 2, opts: { priority: 1 } },
      { name: 'c', data: 3 },
    ]);
    await work(name, 3, () => Promise.resolve());
    const add = spans.span(`addBulk ${name}`);
    expect(add.attributes['messaging.batch.message_count']).toBe(3);
    expect(spans.named(`process ${name}`).map((span) => span.parentSpanContext?.spanId)).toEqual(
      Array.from({ length: 3 }, () => add.spanContext().spanId),
    );
    expect(await read('messaging.client.sent.messages', name)).toEqual({ addBulk: 3 });
    expect(await read('messaging.client.consumed.messages', name)).toEqual({ process: 3 });
  });

  test('flows: every job carries the context, with or without options, and the given tree is not modified', async () => {
    const [parents, children] = [uniqueName('q'), uniqueName('q')];
    queueOf(parents);
    queueOf(children);
    const producer = traceFlowProducer(new bullmq.FlowProducer({ connection }));
    const tree = Object.freeze({
      name: 'parent',
      queueName: parents,
      children: Object.freeze([
        Object.freeze({ name: 'one', queueName: children }),
        Object.freeze({ name: 'two', queueName: children, opts: Object.freeze({ priority: 1 }) }),
      ]),
    });
    const copy = structuredClone(tree);
    const { job } = await producer.add(tree as never);
    expect(job.name).toBe('parent');
    expect(tree).toEqual(copy);
    await work(children, 2, () => Promise.resolve());
    await work(parents, 1, () => Promise.resolve());
    await producer.close();
    const flow = spans.span(`addFlow ${parents}`);
    expect(flow.kind).toBe(SpanKind.CLIENT);
    const processed = [...spans.named(`process ${children}`), ...spans.named(`process ${parents}`)];
    expect(processed).toHaveLength(3);
    for (const span of processed) {
      const added = spans.spans().find((each) => each.spanContext().spanId === span.parentSpanContext?.spanId);
      expect(added?.name).toBe(`addNode ${String(span.attributes['messaging.destination.name'])}`);
      expect(span.spanContext().traceId).toBe(flow.spanContext().traceId);
    }
  });

  test('a scheduler: each job has its own trace, which links the schedule', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    await queue.upsertJobScheduler('each', { every: 30 }, { name: 'tick' });
    await work(name, 3, () => Promise.resolve());
    await queue.removeJobScheduler('each');
    const ticks = spans.named(`process ${name}`).slice(0, 3);
    expect(new Set(ticks.map((span) => span.spanContext().traceId)).size).toBe(3);
    expect(ticks.map((span) => span.parentSpanContext)).toEqual([undefined, undefined, undefined]);
    expect(ticks.map((span) => span.links.length)).toEqual([1, 1, 1]);
  });

  test('the age of a job excludes its intended delay', async () => {
    const name = uniqueName('q');
    const queue = queueOf(name);
    const job = await queue.add('order', {}, { delay: 400 });
    let waited = 0;
    await work(name, 1, () => {
      waited = (Date.now() - job.timestamp - 400) / 1000;
      return Promise.resolve();
    });
    const age = spans.span(`process ${name}`).attributes['mqtrace.message.age'] as number;
    expect(age).toBeGreaterThanOrEqual(0);
    expect(Math.abs(age - waited)).toBeLessThan(0.02);
    const metric = (await read('mqtrace.message.age', name))['process'] as { count: number; sum: number };
    expect(metric.count).toBe(1);
    expect(Math.abs(metric.sum - waited)).toBeLessThan(0.02);
  });

  test('bullmq-otel reads its jobs, and it reads those of bullmq-otel', async () => {
    const name = uniqueName('q');
    propagation.setGlobalPropagator(mqtracePropagator as TextMapPropagator);
    onTestFinished(() => propagation.disable());
    const theirs = new BullMQOtel({ tracerName: 'theirs' });
    await queueOf(name, theirs).add('theirs', {});
    await work(name, 1, () => Promise.resolve());
    const added = spans.spans().find((span) => span.name.startsWith('add '));
    expect(spans.span(`process ${name}`).parentSpanContext?.spanId).toBe(added!.spanContext().spanId);

    const job = await queueOf(uniqueName('q')).add('ours', {});
    const metadata = (job.opts as { telemetry?: { metadata?: string } }).telemetry!.metadata!;
    const read = theirs.contextManager.fromMetadata(context.active(), metadata);
    expect(trace.getSpanContext(read as never)?.traceId).toBe(spans.spans().at(-1)!.spanContext().traceId);
  });

  test('parenting: link, by queue', async () => {
    const name = uniqueName('q');
    await queueOf(name).add('order', {});
    const worker = traceWorker(new bullmq.Worker(name, () => Promise.resolve(), { connection }), {
      parenting: (queue) => (queue === name ? 'link' : 'parent'),
    });
    await new Promise((resolve) => worker.once('completed', resolve));
    await worker.close();
    const process = spans.span(`process ${name}`);
    expect(process.parentSpanContext).toBeUndefined();
    expect(process.links[0]?.context.spanId).toBe(spans.span(`add ${name}`).spanContext().spanId);
  });

  test('a worker that was started within a span is not part of that trace', async () => {
    const name = uniqueName('q');
    await queueOf(name).add('order', {});
    const outer = trace.getTracer('test').startSpan('outer');
    const started = trace.setSpan(
      propagation.setBaggage(context.active(), propagation.createBaggage({ x: { value: '1' } })),
      outer,
    );
    let active: unknown;
    await context.with(started, () =>
      work(name, 1, async () => {
        await sleep(1);
        active = getBaggage().getEntry('x')?.value;
      }),
    );
    outer.end();
    expect(active).toBeUndefined();
    expect(spans.span(`process ${name}`).spanContext().traceId).not.toBe(outer.spanContext().traceId);
  });
});

test('invalid workers, flow producers and options are named in the error', () => {
  expect(() => traceWorker({} as never)).toThrow(/expected a Worker of BullMQ/);
  expect(() => traceFlowProducer({} as never)).toThrow(/expected a FlowProducer of BullMQ/);
  expect(() => bullmqTelemetry({ parentin: 'link' } as never)).toThrow(
    /unknown option "parentin"; did you mean "parenting"/,
  );
});
