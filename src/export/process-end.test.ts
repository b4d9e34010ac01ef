import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CompiledSources, ended } from './testing/child.ts';
import { HttpReceiver } from '../../test-support/otlp-receiver.ts';

let sources: CompiledSources;
let receiver: HttpReceiver;
let directory: string;

beforeAll(async () => {
  sources = await CompiledSources.compile();
}, 120_000);
afterAll(() => sources.remove());
beforeEach(async () => {
  receiver = await new HttpReceiver().start();
  directory = mkdtempSync(join(tmpdir(), 'mqtrace-end-'));
});
afterEach(async () => {
  await receiver.stop();
  rmSync(directory, { recursive: true, force: true });
});

const tracing = (more: string): string =>
  `const tracing = startTracing({ serviceName: 'ending', export: { endpoint: 'http://127.0.0.1:${receiver.port}', ${more} } });
   for (let i = 0; i < 1000; i++) tracing.span('work', () => undefined);\n`;
const spool = (): string => `spool: { directory: ${JSON.stringify(directory)} }`;

/** Starts a process that adopts the spool of the previous one and delivers its spans. */
async function takeOver(): Promise<string> {
  const { out } = await sources.run(
    `const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}', ${spool()} } });
     await tracing.flush({ timeoutMs: 10000 });
     await tracing.shutdown();
     const { adopted, exported, droppedTotal, spooled } = tracing.stats().destinations[0];
     console.log(JSON.stringify({ adopted, exported, droppedTotal, spooled }));`,
  );
  return out.trim();
}

/** The event that ends the process, and the exit status. */
const ends: [string, string, { code: number | null; signal: string | null }][] = [
  ['exit()', 'process.exit(7);', { code: 7, signal: null }],
  ['an uncaught error', `throw new RangeError('mine');`, { code: 1, signal: null }],
  [
    'an unhandled rejection',
    `void Promise.reject(new RangeError('mine')); setTimeout(() => {}, 10000);`,
    { code: 1, signal: null },
  ],
  ['SIGTERM', `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`, { code: null, signal: 'SIGTERM' }],
  ['SIGINT', `process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000);`, { code: null, signal: 'SIGINT' }],
  [
    'SIGTERM with a handler of the application',
    `process.once('SIGTERM', () => setTimeout(() => process.exit(9), 50)); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
    { code: 9, signal: null },
  ],
];

describe.each(['gone', 'there'])('with a spool, and the receiver %s', (where) => {
  test.each(ends)('%s loses no spans and has the same outcome', async (_, end, outcome) => {
    if (where === 'gone') await receiver.stop();
    expect(await sources.run(tracing(spool()) + end)).toMatchObject(outcome);
    if (where === 'gone') await receiver.start();
    await takeOver();
    expect(receiver.received.spans.size).toBe(1000);
    expect(receiver.received.undecodable).toBe(0);
  });
});

test('with a spool, a normal end while the receiver is unreachable loses no spans', async () => {
  await receiver.stop();
  const { code, err } = await sources.run(tracing(spool()));
  // The failure is logged; no line says that nothing is lost.
  expect({ code, err: err.replace(/^mqtrace: .* will be retried: connect ECONNREFUSED .*\n/, '') }).toEqual({
    code: 0,
    err: '',
  });
  await receiver.start();
  expect(await takeOver()).toBe('{"adopted":1000,"exported":1000,"droppedTotal":0,"spooled":0}');
  expect(receiver.received.spans.size).toBe(1000);
});

test('without a spool, a normal end sends everything first', async () => {
  receiver.behaviour = { delayMs: 100 };
  expect(await sources.run(tracing(''))).toMatchObject({ code: 0, err: '' });
  expect(receiver.received.spans.size).toBe(1000);
});

test('without a spool, a normal end waits at most five seconds, and logs the loss', async () => {
  receiver.behaviour = { hang: true };
  const started = performance.now();
  const { code, err } = await sources.run(tracing(''));
  expect({ code, err }).toEqual({
    code: 0,
    err: 'mqtrace: 1000 spans lost: the process ended before they were sent (a spool would keep them)\n',
  });
  // Not a performance measurement: it waited for a limited time.
  expect(performance.now() - started).toBeGreaterThan(4500);
});

test('without a spool, exit() counts and logs the loss', async () => {
  const program = `${tracing('')} process.on('exit', () => {
    const { dropped, droppedTotal, ended } = tracing.stats().destinations[0];
    console.log(dropped.process_exit, droppedTotal, ended); }); process.exit(3);`;
  expect(await sources.run(program)).toEqual({
    code: 3,
    signal: null,
    out: '1000 1000 1000\n',
    err: 'mqtrace: 1000 spans lost: the process ended before they were sent (a spool would keep them)\n',
  });
});

test('without a spool, a signal with a handler of the application is left to the application', async () => {
  const handler = `process.on('SIGTERM', async () => { console.log('mine'); const { exported } = await tracing.shutdown(); console.log(exported); process.exit(0); });
    process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`;
  expect(await sources.run(tracing('') + handler)).toEqual({ code: 0, signal: null, out: 'mine\n1000\n', err: '' });
});

test('a second SIGINT ends a program whose handler runs once', async () => {
  const program = `${tracing(spool())} process.once('SIGINT', () => console.log('first')); setInterval(() => {}, 1000); console.log('ready');`;
  const { out, signal } = await sources.run(program, (line, child) => {
    if (line === 'ready') child.kill('SIGINT');
    if (line === 'first') setTimeout(() => child.kill('SIGINT'), 50);
  });
  expect({ out, signal }).toEqual({ out: 'ready\nfirst\n', signal: 'SIGINT' });
});

test('a handler that counts listeners, as signal-exit does, still ends the program', async () => {
  const program = `${tracing(spool())} const counting = () => {
      if (process.listeners('SIGTERM').length === 1) { process.off('SIGTERM', counting); process.kill(process.pid, 'SIGTERM'); } };
    process.on('SIGTERM', counting); setInterval(() => {}, 1000); process.kill(process.pid, 'SIGTERM');`;
  expect(await sources.run(program)).toMatchObject({ signal: 'SIGTERM' });
  await takeOver();
  expect(receiver.received.spans.size).toBe(1000);
});

test('if a signal does not end the process, tracing continues', async () => {
  const program = `${tracing(spool())} process.on('SIGTERM', () => undefined); process.kill(process.pid, 'SIGTERM');
    setTimeout(async () => {
      tracing.span('after', () => undefined);
      process.kill(process.pid, 'SIGTERM');
      setTimeout(async () => { await tracing.shutdown(); const { exported, droppedTotal } = tracing.stats().destinations[0]; console.log(exported, droppedTotal); }, 100);
    }, 100);`;
  expect(await sources.run(program)).toMatchObject({ code: 0, out: '1001 0\n', err: '' });
  expect(receiver.received.spans.size).toBe(1001);
});

/**
 * The command that runs a program as the first process of a PID namespace, as in a container; undefined if that is not possible.
 */
function firstProcess(): string[] | undefined {
  const wrapper = ['unshare', '--pid', '--fork', '--kill-child'];
  const { status } = spawnSync(wrapper[0]!, [...wrapper.slice(1), 'true']);
  return status === 0 ? wrapper : undefined;
}

test.each(['with', 'without'])(
  'as the first process of a container %s a spool, which no signal ends, tracing continues',
  async (how) => {
    const wrapper = firstProcess();
    // Without namespaces, the signal is at least kept from ending the process.
    const pretend =
      wrapper === undefined ? `process.kill = () => true; Object.defineProperty(process, 'pid', { value: 1 });` : '';
    const program = `${pretend}${tracing(how === 'with' ? spool() : '')} for (let i = 0; i < 2; i++) {
      process.kill(process.pid, 'SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    tracing.span('after', () => undefined);
    await tracing.shutdown();
    const { exported, droppedTotal } = tracing.stats().destinations[0];
    console.log(process.pid, exported, droppedTotal);`;
    expect(await ended(sources.start(program, undefined, wrapper))).toMatchObject({
      code: 0,
      out: '1 1001 0\n',
      err: '',
    });
    expect(receiver.received.spans.size).toBe(1001);
  },
);

test.each(['with', 'without'])(
  'spans that end in a later listener for exit are kept %s a spool, or counted',
  async (how) => {
    await receiver.stop();
    const program = `${tracing(how === 'with' ? spool() : '')} process.on('exit', () => {
      tracing.span('late', () => undefined);
      const { ended, spooled, dropped } = tracing.stats().destinations[0];
      console.log(ended, spooled, dropped.process_exit);
    }); process.exit(0);`;
    expect(await sources.run(program)).toMatchObject({
      code: 0,
      out: how === 'with' ? '1001 1001 0\n' : '1001 0 1001\n',
    });
  },
);

test('no listener is left after the shutdown, and there is none for uncaught errors', async () => {
  const program = `const count = () => ['exit', 'beforeExit', 'SIGTERM', 'SIGINT', 'uncaughtException', 'unhandledRejection'].map((name) => process.listenerCount(name)).join();
    const before = count();
    ${tracing('')} const second = startTracing({ register: false, export: { protocol: 'none' } }); console.log(count());
    await tracing.shutdown(); await second.shutdown(); console.log(count() === before);`;
  expect(await sources.run(program)).toMatchObject({ out: expect.stringMatching(/^\d,1,1,1,0,0\ntrue\n$/) as string });
});

/** Three rounds of work, each started when the program would otherwise end. */
const rounds = (ms: number): string => `let round = 0;
  const work = () => setTimeout(() => { for (let i = 0; i < 400; i++) tracing.span('work', () => undefined); }, ${ms});
  process.on('beforeExit', () => { if (++round < 3) work(); });
  work();`;

test('a program that continues at beforeExit, longer than the time limit of a natural end, loses no spans with a healthy collector', async () => {
  const program = `const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}' } }); ${rounds(2500)}`;
  expect(await sources.run(program)).toMatchObject({ code: 0, err: '' });
  expect(receiver.received.spans.size).toBe(1200);
});

test('the same program with an unreachable collector ends, and the loss is logged', async () => {
  await receiver.stop();
  const program = `const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}' } }); ${rounds(100)}`;
  const { code, err } = await sources.run(program);
  expect(code).toBe(0);
  expect(err).toMatch(
    /mqtrace: \d+ spans lost: the process ended before they were sent \(a spool would keep them\)\n$/,
  );
});

test('a listener for beforeExit that creates a span each time does not keep the program alive indefinitely', async () => {
  const program = `const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}' } });
    process.on('beforeExit', async () => { await undefined; tracing.span('again', () => undefined); });`;
  expect(await sources.run(program)).toMatchObject({ code: 0 });
  expect(receiver.received.spans.size).toBeGreaterThan(0);
});

test('a span that a listener for beforeExit creates is sent', async () => {
  const program = `const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:${receiver.port}' } });
    process.once('beforeExit', () => tracing.span('last', () => undefined));`;
  expect(await sources.run(program)).toMatchObject({ code: 0, err: '' });
  expect(receiver.received.spans.size).toBe(1);
});

test('the line at exit reports that the spool is full', async () => {
  await receiver.stop();
  const full = `spool: { directory: ${JSON.stringify(directory)}, maxBytes: 2000 }`;
  const { code, err } = await sources.run(`${tracing(full)} process.exit(3);`);
  expect(code).toBe(3);
  expect(err).toContain(
    'mqtrace: 1000 spans lost: the process ended before they were sent (the spool is full: raise spool.maxBytes)\n',
  );
});

test('worker.terminate() loses the spans of that worker; a message that asks for a shutdown first does not', async () => {
  const program = (end: string): string => `import { once } from 'node:events';
    import { isMainThread, parentPort, Worker } from 'node:worker_threads';
    if (isMainThread) {
      const worker = new Worker(new URL(import.meta.url));
      await once(worker, 'message');
      ${end}
    } else {
      const tracing = startTracing({ serviceName: 'worker', export: { endpoint: 'http://127.0.0.1:${receiver.port}' } });
      for (let i = 0; i < 100; i++) tracing.span('work', () => undefined);
      parentPort.once('message', async () => {
        await tracing.shutdown();
        parentPort.close();
      });
      parentPort.postMessage('ready');
    }`;
  expect(await sources.run(program('await worker.terminate();'))).toMatchObject({ code: 0 });
  expect(receiver.received.spans.size).toBe(0);
  const asked = `worker.postMessage('end'); await once(worker, 'exit');`;
  expect(await sources.run(program(asked))).toMatchObject({ code: 0, err: '' });
  expect(receiver.received.spans.size).toBe(100);
});
