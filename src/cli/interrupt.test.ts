import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { runCli } from '../../test-support/run-cli.ts';
import { jsonRequest } from '../view/testing/otlp.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
/** A server that accepts requests and never answers them. */
let silent: Server;
let asked = 0;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-interrupt-'));
  silent = createServer(() => asked++).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(args: readonly string[], environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', join(root, 'src/cli/main.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Waits until a condition is true; fails if the command ends before. */
async function until(child: ChildProcess, holds: () => boolean): Promise<void> {
  while (!holds()) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${child.stderr?.read() as string}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Interrupts a command; resolves once it has ended, with its exit code or its signal, and with its output. */
async function interrupt(child: ChildProcess): Promise<{ end: number | string | null; out: string }> {
  let out = '';
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  child.kill('SIGINT');
  const [code, signal] = await ended;
  return { end: code ?? signal, out };
}

/** The ways in which an interrupted command ends: by the signal itself, or with the exit code for it. */
const byInterrupt = expect.toBeOneOf([130, 'SIGINT']) as unknown;

describe('Ctrl-C ends a command that waits for an answer', () => {
  test.each<[string, () => string[]]>([
    ['map', () => ['map', '--url', url]],
    ['journey', () => ['journey', 'order-1', '--url', url]],
    ['health', () => ['health', '--url', url]],
    ['map --prometheus', () => ['map', '--prometheus', url]],
    ['journey --jaeger', () => ['journey', '0af7651916cd43dd8448eb211c80319c', '--jaeger', url]],
    ['view --jaeger', () => [...viewArgs, '--jaeger', url, '--trace', '0af7651916cd43dd8448eb211c80319c']],
    ['view --prometheus', () => [...viewArgs, '--prometheus', url]],
  ])('%s', async (_, args) => {
    const before = asked;
    const child = start(args());
    await until(child, () => asked > before);
    expect((await interrupt(child)).end).toEqual(byInterrupt);
  });

  test('doctor, of the collector', async () => {
    const before = asked;
    const child = start(['doctor'], { OTEL_EXPORTER_OTLP_ENDPOINT: url });
    await until(child, () => asked > before);
    expect((await interrupt(child)).end).toEqual(byInterrupt);
  });

  test('mcp, of a view', async () => {
    const before = asked;
    const child = start(['mcp', '--url', url]);
    const say = (message: object): boolean => child.stdin!.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const clientInfo = { name: 'test', version: '1' };
    say({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
    say({ method: 'notifications/initialized' });
    say({ id: 2, method: 'tools/call', params: { name: 'map', arguments: {} } });
    await until(child, () => asked > before);
    const { end } = await interrupt(child);
    expect(end).toBeOneOf([0, 130, 'SIGINT']);
  });
});

const viewArgs = ['view', '--no-open', '--port', '0', '--otlp-port', '0', '--grpc-port', '0'];

test('Ctrl-C ends explain, which waits for its input', async () => {
  const child = start(['explain']);
  // It does not report when it begins to read; before that, the signal also ends it.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect((await interrupt(child)).end).toEqual(byInterrupt);
});

test('Ctrl-C ends doctor and the setup that it runs', async () => {
  const begun = join(folder, 'begun');
  const setup = join(folder, 'setup.mjs');
  writeFileSync(
    setup,
    `import { writeFileSync } from 'node:fs';
     writeFileSync(${JSON.stringify(begun)}, String(process.pid));
     await new Promise((resolve) => setTimeout(resolve, 1e9));`,
  );
  const child = start(['doctor', '--offline', '--setup', setup]);
  await until(child, () => existsSync(begun));
  expect((await interrupt(child)).end).toEqual(byInterrupt);
  // Before the timeout of the setup.
}, 15_000);

test('Ctrl-C ends view while it reads a file, without reading the rest', async () => {
  const file = join(folder, 'large.jsonl');
  const line = `${JSON.stringify(
    jsonRequest(
      'shop',
      Array.from({ length: 200 }, () => ({ kind: 'producer' as const })),
    ),
  )}\n`;
  const stream = createWriteStream(file);
  for (let i = 0; i < 2000; i++) if (!stream.write(line)) await once(stream, 'drain');
  stream.end();
  await once(stream, 'finish');
  const port = await freePort();
  const child = start([
    'view',
    '--no-open',
    '--port',
    String(port),
    '--otlp-port',
    '0',
    '--grpc-port',
    '0',
    '--from',
    file,
  ]);
  let up = false;
  const looking = setInterval(() => {
    void fetch(`http://127.0.0.1:${port}/api/status`).then(
      () => (up = true),
      () => {},
    );
  }, 20);
  onTestFinished(() => clearInterval(looking));
  await until(child, () => up);
  const { end, out } = await interrupt(child);
  expect(end).toEqual(byInterrupt);
  expect(out).not.toContain('ready in');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a command that takes longer than a second shows what it is doing', () => {
  /** A server that answers after a delay. */
  async function slow(answer: object): Promise<string> {
    const server = createServer((_, response) => {
      setTimeout(() => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)), 1300);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async function progressOf(args: string[], environment: Record<string, string> = {}): Promise<string[]> {
    const lines: string[] = [];
    await runCli(args, { progress: (line) => void lines.push(line), environment });
    return lines;
  }

  test('a view that is asked', async () => {
    const base = await slow({ sentence: '', destinations: [], findings: [], healthy: [], coverage: {} });
    expect(await progressOf(['map', '--json', '--url', base])).toEqual([`asking ${base} ...`, '']);
    expect(await progressOf(['health', '--json', '--url', base])).toEqual([`asking ${base} ...`, '']);
  });

  test('Prometheus', async () => {
    const base = await slow({ status: 'success', data: { resultType: 'vector', result: [] } });
    expect((await progressOf(['map', '--prometheus', base]))[0]).toBe(`asking Prometheus at ${base} ...`);
  });

  test('Jaeger', async () => {
    const base = await slow({ data: [] });
    const id = '0af7651916cd43dd8448eb211c80319c';
    expect((await progressOf(['journey', id, '--jaeger', base]))[0]).toBe(`asking Jaeger at ${base} ...`);
  });

  test('doctor, of the collector', async () => {
    const base = await slow({});
    expect(await progressOf(['doctor'], { OTEL_EXPORTER_OTLP_ENDPOINT: base })).toEqual([`asking ${base} ...`, '']);
  });

  test('a quick command shows no progress', async () => {
    const file = join(folder, 'small.jsonl');
    writeFileSync(file, `${JSON.stringify(jsonRequest('shop', [{ kind: 'producer' }]))}\n`);
    expect(await progressOf(['map', '--from', file])).toEqual([]);
  });
});
