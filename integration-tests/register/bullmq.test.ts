// mqtrace/register traces the jobs of BullMQ, and not the streams of the Redis clients that BullMQ makes.
import { expect, it } from 'vitest';
import { type Outcome, run } from './service.ts';

const preload = ['--import', 'mqtrace/register'];
const start = (env: NodeJS.ProcessEnv): Promise<Outcome> => run([...preload, 'bullmq.mjs'], { env });
const tree = { name: 'parent', children: [{ name: 'child' }] };
const first = (name: string): string => name.split(' ')[0]!;

/** The operations, each with that of its parent. */
function parents({ spans }: Outcome): string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans
    .map(({ name, parentSpanId }) => `${first(name)} < ${first(byId.get(parentSpanId ?? '')?.name ?? '-')}`)
    .sort();
}

const jobs = ['add < -', 'add < -', 'add < -', 'addFlow < -', 'addNode < addFlow', 'addNode < addNode'];
const processed = ['add', 'add', 'add', 'addNode', 'addNode'].map((parent) => `process < ${parent}`);

it.each([
  ['bullmq', 'require'],
  ['bullmq', 'import'],
  ['bullmq5', 'require'],
  ['bullmq5', 'import'],
])('%s, by %s: each job is one trace, and no event stream has a span', async (build, load) => {
  const outcome = await start({ BUILD: build, LOAD: load });
  expect(outcome).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(outcome.out)).toMatchObject({ finished: 5, tree });
  // The application's tree is not changed.
  expect(outcome.out).not.toContain('opts');
  expect(parents(outcome)).toEqual([...jobs, ...processed, 'xadd < -']);
  const attempts = outcome.spans.filter(({ name }) => name.startsWith('process '));
  expect(attempts.map(({ attributes }) => attributes['error.type']).filter(Boolean)).toEqual(['RangeError']);
  for (const { attributes } of attempts) expect(attributes).toHaveProperty('mqtrace.message.age');
});

it('an own telemetry stays', async () => {
  const outcome = await start({ BUILD: 'bullmq', LOAD: 'import', TELEMETRY: 'own' });
  expect(outcome).toMatchObject({ code: 0, err: '' });
  const systems = outcome.spans.map(({ attributes }) => attributes['messaging.system.name']);
  expect(systems).not.toContain('bullmq');
  expect(outcome.spans.length).toBeGreaterThan(5);
});

it('a worker that is wrapped explicitly has the options of that', async () => {
  const outcome = await start({ BUILD: 'bullmq', LOAD: 'import', WRAP: '1' });
  expect(outcome).toMatchObject({ code: 0, err: '' });
  expect(parents(outcome)).toEqual([...jobs, ...processed.map(() => 'process < -'), 'xadd < -']);
});

it('MQTRACE_CLIENTS names it; without it, jobs have no spans', async () => {
  const only = await start({ BUILD: 'bullmq', LOAD: 'import', MQTRACE_CLIENTS: 'bullmq' });
  expect(parents(only)).toEqual([...jobs, ...processed]);
  const without = await start({ BUILD: 'bullmq', LOAD: 'import', MQTRACE_CLIENTS: 'ioredis' });
  expect(parents(without)).toEqual(['xadd < -']);
});
