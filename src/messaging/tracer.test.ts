import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  NodeTracerProvider,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterEach, expect, test } from 'vitest';
import { traceConsumer } from '../kafkajs/index.ts';
import { tracerOf } from './tracer.ts';

afterEach(() => {
  trace.disable();
  context.disable();
});

function provider(sampler?: Sampler): { exporter: InMemorySpanExporter; register(): void } {
  const exporter = new InMemorySpanExporter();
  const made = new NodeTracerProvider({
    ...(sampler && { sampler }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  return { exporter, register: () => void trace.setGlobalTracerProvider(made) };
}

function names({ exporter }: { exporter: InMemorySpanExporter }): string[] {
  return exporter.getFinishedSpans().map(({ name }) => name);
}

test('the tracer is that of the provider that is registered now', () => {
  const [one, other, third] = [provider(), provider(), provider()];
  const early = tracerOf(undefined);
  const end = (name: string): void => early().startSpan(name).end();
  end('before');
  one.register();
  end('one');
  const late = tracerOf(undefined);
  trace.disable();
  end('without');
  other.register();
  end('other');
  late().startSpan('late').end();
  trace.disable();
  third.register();
  end('third');
  expect([one, other, third].map(names)).toEqual([['one'], ['other', 'late'], ['third']]);
});

test('a provider that was given is kept', () => {
  const [given, registered] = [provider(), provider()];
  given.register();
  const source = tracerOf(trace.getTracerProvider());
  trace.disable();
  registered.register();
  source().startSpan('span').end();
  expect([given, registered].map(names)).toEqual([['span'], []]);
});

test.each([true, false])('a client records for the provider that decides, fastPath: %j', async (fastPath) => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const all = provider(new AlwaysOnSampler());
  const belowSampled = provider(new ParentBasedSampler({ root: new AlwaysOffSampler() }));
  let run: { eachMessage(payload: unknown): Promise<void> } | undefined;
  const client = { run: (given: never) => (run = given), on() {}, events: {} };
  all.register();
  const consumer = traceConsumer(client as never, { fastPath }) as unknown as { run(config: unknown): unknown };
  consumer.run({ eachMessage: async () => {} });
  const deliver = (flags: string): Promise<void> =>
    run!.eachMessage({
      topic: 'orders',
      partition: 0,
      message: {
        offset: '1',
        value: 'v',
        headers: { traceparent: `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}` },
      },
    });
  await deliver('00');
  trace.disable();
  belowSampled.register();
  await deliver('00');
  await deliver('01');
  expect([all, belowSampled].map(names)).toEqual([['process orders'], ['process orders']]);
});
