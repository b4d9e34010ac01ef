// mqtrace/register traces rascal and rabbitmq-client: concurrent publishes are each in their own trace.
import { describe, expect, it } from 'vitest';
import { type Outcome, run } from './service.ts';

const preload = ['--import', 'mqtrace/register'];
const start = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> =>
  run([...args, 'rabbitmq-libraries.mjs'], { env });
const told = ({ out, err, code }: Outcome): unknown[] => [code, err, JSON.parse(out)];

/** How many spans there are of each kind. */
function counts({ spans }: Outcome): Record<string, number> {
  const names = spans.map(({ name }) => name.split(' ')[0]!);
  return Object.fromEntries([...new Set(names)].sort().map((name) => [name, names.filter((n) => n === name).length]));
}

describe('rascal', () => {
  const own = { ack: 12, process: 12, publish: 12, request: 12 };

  it.each(['import', 'require'])('by %s: publishes that share a channel', async (load) => {
    const outcome = await start(preload, { LIBRARY: 'rascal', LOAD: load });
    expect(told(outcome)).toEqual([0, '', { own: 12 }]);
    expect(counts(outcome)).toEqual(own);
  });

  it('wrapped explicitly as well: each operation has one span', async () => {
    const outcome = await start(preload, { LIBRARY: 'rascal', WRAP: '1' });
    expect(told(outcome)).toEqual([0, '', { own: 12 }]);
    expect(counts(outcome)).toEqual(own);
  });

  it('is left alone if amqplib is not traced', async () => {
    const outcome = await start(preload, { LIBRARY: 'rascal', MQTRACE_CLIENTS: 'kafkajs' });
    expect(told(outcome)).toEqual([0, '', { own: 0 }]);
    expect(counts(outcome)).toEqual({ request: 12 });
  });
});

describe('rabbitmq-client', () => {
  it.each(['import', 'require'])('by %s', async (load) => {
    const outcome = await start(preload, { LIBRARY: 'rabbitmq-client', LOAD: load });
    expect(told(outcome)).toEqual([0, '', { own: 12 }]);
    expect(counts(outcome)).toEqual({ process: 12, publish: 12, request: 12 });
  });

  it('wrapped explicitly as well: it has the options of that', async () => {
    const outcome = await start(preload, { LIBRARY: 'rabbitmq-client', WRAP: '1' });
    expect(told(outcome)).toEqual([0, '', { own: 0 }]);
    expect(counts(outcome)).toEqual({ process: 12, publish: 12, request: 12 });
  });

  it('is named by MQTRACE_CLIENTS', async () => {
    const only = await start(preload, { LIBRARY: 'rabbitmq-client', MQTRACE_CLIENTS: 'rabbitmq-client' });
    expect(told(only)).toEqual([0, '', { own: 12 }]);
    const without = await start(preload, { LIBRARY: 'rabbitmq-client', MQTRACE_CLIENTS: 'amqplib' });
    expect(counts(without)).toEqual({ request: 12 });
  });
});
