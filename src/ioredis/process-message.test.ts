import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tracingFaults } from '../common/faults.ts';
import { suppressTracing } from '../common/suppression.ts';
import { EntrySource } from './entry-source.ts';
import { EntryReader } from './message.ts';
import type { TraceRedisOptions } from './options.ts';
import { processMessage } from './process-message.ts';
import { StreamTracing } from './state.ts';

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());

const ids = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const entries: Readonly<Record<string, string[]>> = {
  'no trace': ['n', '1'],
  unsampled: ['n', '1', 'traceparent', `00-${ids}-00`],
  'unsampled with baggage': ['n', '1', 'traceparent', `00-${ids}-02`, 'baggage', 'tenant=acme'],
  sampled: ['n', '1', 'traceparent', `00-${ids}-01`, 'baggage', 'tenant=acme'],
  malformed: ['n', '1', 'traceparent', '00-x', 'baggage', 'tenant=acme'],
};
const optionSets: Readonly<Record<string, TraceRedisOptions>> = {
  'no options': {},
  link: { parenting: 'link' },
  auto: { parenting: 'auto' },
  'trust: link': { trust: 'link' },
  'no baggage': { baggage: { receive: { maxEntries: 0 } } },
  ignored: { ignoreDestinations: ['ord*'] },
};
const surrounding = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '1af7651916cd43dd8448eb211c80319c',
  spanId: 'c7ad6b7169203331',
  traceFlags: 0,
});
const ambients = { root: ROOT_CONTEXT, surrounding, suppressed: suppressTracing(ROOT_CONTEXT) };
const outcomes: Readonly<Record<string, () => unknown>> = {
  value: () => 7,
  promise: async () => 7,
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
  thenable: () => ({ then: (resolve: (value: number) => void) => resolve(7) }),
  error: () => {
    throw new RangeError('no');
  },
  rejection: async () => {
    throw new RangeError('no');
  },
};

/** What the handler and its caller see, and the spans. */
async function run(
  fastPath: boolean,
  set: string,
  kind: string,
  ambient: keyof typeof ambients,
  outcome: string,
): Promise<object> {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: kind === 'no trace' ? new AlwaysOffSampler() : new AlwaysOnSampler() }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracing = new StreamTracing({ tracerProvider, propagator: 'mqtrace', fastPath, ...optionSets[set] });
  const entry: [string, string[]] = ['1760000000000-0', [...entries[kind]!]];
  const asked = { attributes: { 'messaging.consumer.group.name': 'g' } };
  new EntryReader(tracing).receive(entry, new EntrySource(tracing, { name: 'orders' }, asked));
  const faults = tracingFaults();
  let active = ROOT_CONTEXT;
  let type = '';
  const settled = await context.with(ambients[ambient], async () => {
    try {
      const result = processMessage(entry, () => {
        active = context.active();
        return outcomes[outcome]!();
      });
      type = typeof (result as Promise<unknown>).then;
      return await result;
    } catch (error) {
      return String(error);
    }
  });
  const spanContext = trace.getSpanContext(active);
  const spans = exporter.getFinishedSpans();
  return {
    settled,
    type,
    // The ids of a span that is not recorded are only on the slow path.
    traceId: spans.length === 0 && kind === 'no trace' ? undefined : spanContext?.traceId.length,
    trace: spans.length === 0 ? undefined : spans[0]?.parentSpanContext?.traceId,
    sampled: spanContext === undefined ? undefined : spanContext.traceFlags & 1,
    baggage: propagation.getBaggage(active)?.getAllEntries(),
    suppressed: active === ambients.suppressed,
    spans: spans.map(({ name, attributes, links, status }) => ({
      name,
      attributes: withoutAge(attributes),
      links,
      status,
    })),
    faults: tracingFaults() - faults,
  };
}

function withoutAge(attributes: object): object {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.endsWith('.age')));
}

test.each(Object.keys(optionSets))('with %s, an entry is processed in the same way on both paths', async (set) => {
  for (const kind of Object.keys(entries)) {
    for (const ambient of Object.keys(ambients) as (keyof typeof ambients)[]) {
      for (const outcome of Object.keys(outcomes)) {
        const [fast, slow] = [
          await run(true, set, kind, ambient, outcome),
          await run(false, set, kind, ambient, outcome),
        ];
        expect({ kind, ambient, outcome, ...fast }).toEqual({ kind, ambient, outcome, ...slow });
      }
    }
  }
});
