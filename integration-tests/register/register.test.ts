// Tests node --import mqtrace/register on real brokers: an unchanged application is one trace, however it is loaded.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedisCluster } from '../brokers/index.ts';
import { appCjs, appMjs, application, type Outcome, programs, register, run } from './service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const preload = ['--import', 'mqtrace/register'];

/** The first words of the spans' names in the trace of the first message. */
function traced({ spans }: Outcome): { trace: string[]; linking: string[] } {
  const words = (some: typeof spans): string[] => some.map(({ name }) => name.split(' ')[0]!).sort();
  const traceId = spans.find(({ name }) => name.startsWith('send '))?.traceId;
  const inside = spans.filter((span) => span.traceId === traceId);
  const linking = spans.filter((span) => !inside.includes(span) && span.links.some((link) => link.traceId === traceId));
  return { trace: words(inside), linking: words(linking) };
}

const oneTrace = {
  trace: ['ack', 'process', 'process', 'publish', 'send', 'xadd'],
  linking: ['xack', 'xreadgroup'],
};

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mqtrace-register-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('an unchanged application of three clients is one trace', () => {
  const typed = join(application, 'app.mts');
  it.each<[string, string[]]>([
    ['by require', [...preload, appCjs]],
    ['by import', [...preload, appMjs]],
    ['with --require', ['--require', 'mqtrace/register', appCjs]],
    ['in a worker thread', [...preload, join(application, 'worker.cjs')]],
    ['in a forked process', [...preload, join(application, 'fork.cjs')]],
    ['with tsx, preloaded before', ['--import', 'tsx', ...preload, typed]],
    ['with tsx, preloaded after', [...preload, '--import', 'tsx', typed]],
  ])('%s', async (_, args) => {
    const outcome = await run(args, { cwd: root });
    expect(outcome).toMatchObject({ code: 0, out: 'application: order order 17\n', err: '' });
    expect(traced(outcome)).toEqual(oneTrace);
    expect(outcome.spans).toHaveLength(8);
  });

  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  it.each<[string, string[]]>([
    ['a program', [appMjs]],
    ['tsx, which starts another process', [tsx, typed]],
    ['npm run, which starts a shell and a program', [join(programs, 'start.cjs'), 'npm', 'run', '--silent', 'start']],
    ['a process manager', [join(programs, 'start.cjs'), process.execPath, appCjs]],
    ['a program that mixes import and require', [join(application, 'mixed.mjs')]],
  ])('by NODE_OPTIONS, with %s', async (_, args) => {
    const outcome = await run(args, { cwd: root, env: { NODE_OPTIONS: `--import ${register}`, PROGRAM: appMjs } });
    expect(outcome).toMatchObject({ code: 0, out: 'application: order order 17\n', err: '' });
    expect(traced(outcome)).toEqual(oneTrace);
    expect(outcome.spans).toHaveLength(8);
  });

  it('with --require, and a client that is imported later', async () => {
    const outcome = await run(['--require', 'mqtrace/register', join(application, 'mixed.mjs')], { cwd: root });
    expect(traced(outcome)).toEqual(oneTrace);
  });
});

describe('the clients, as the application sees them,', () => {
  it('are the same: identity, instanceof, subclasses, statics, names and printouts', async () => {
    const plain = await run(['identity.cjs']);
    const registered = await run([...preload, 'identity.cjs']);
    expect(registered).toMatchObject({ code: 0, err: '' });
    const seen = JSON.parse(registered.out) as Record<string, { calls?: string[] }>;
    expect(seen).toEqual(JSON.parse(plain.out));
    expect([seen['kafkajs']?.calls, seen['ioredis']?.calls]).toEqual([['producer'], ['sendCommand']]);
    expect(registered.spans.map(({ name }) => name.split(' ')[0]!).sort()).toEqual(['publish', 'xadd']);
  });
});

describe('a copy of a client that another package brings', () => {
  it('is traced as well, also under another name', async () => {
    const folder = temporary();
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, 'jobs/node_modules'), { recursive: true });
    for (const copy of ['jobs/node_modules/ioredis', 'other-redis']) {
      cpSync(join(root, 'node_modules/ioredis'), join(modules, copy), { recursive: true });
    }
    const needed = ['@ioredis', 'cluster-key-slot', 'debug', 'denque', 'ms', 'redis-errors'];
    for (const name of [...needed, 'standard-as-callback'])
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
    writeFileSync(join(modules, 'jobs/index.js'), "module.exports = require('ioredis');");
    writeFileSync(
      join(folder, 'program.cjs'),
      `const { REDIS_URL, STREAM } = process.env;
      (async () => {
        for (const Redis of [require('jobs'), require('other-redis')]) {
          const redis = new Redis(REDIS_URL);
          await redis.xadd(STREAM, '*', 'a', '1');
          await redis.del(STREAM);
          await redis.quit();
        }
      })();`,
    );
    const { spans, err } = await run(['--import', register, 'program.cjs'], { cwd: folder });
    expect(err).toBe('');
    expect(spans.map(({ name }) => name.split(' ')[0])).toEqual(['xadd', 'xadd']);
  });
});

describe('a Cluster', () => {
  it('is traced when it is created, with its nodes, and each command has one span', async () => {
    const { nodes, stop } = await startRedisCluster();
    onTestFinished(stop);
    const env = { REDIS_CLUSTER_NODES: nodes.map(({ host, port }) => `${host}:${port}`).join() };
    const { out, err, spans } = await run([...preload, 'cluster.cjs'], { env });
    expect(err).toBe('');
    expect(JSON.parse(out)).toEqual([
      ['by', 'cluster'],
      ['by', 'pipeline'],
      ['by', 'node'],
    ]);
    // Two of the three nodes refuse the command.
    const names = spans.map(({ name, status }) => `${name.split(' ')[0]} ${status.code}`).sort();
    expect(names).toEqual([
      'xack UNSET',
      'xadd ERROR',
      'xadd ERROR',
      'xadd UNSET',
      'xadd UNSET',
      'xadd UNSET',
      'xreadgroup UNSET',
    ]);
    const ids = spans.filter(({ name, status }) => name.startsWith('xadd') && status.code === 'UNSET');
    const linked = spans.find(({ name }) => name.startsWith('xreadgroup'))?.links.map(({ spanId }) => spanId);
    expect(linked?.sort()).toEqual(ids.map(({ spanId }) => spanId).sort());
  });
});
