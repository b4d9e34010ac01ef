import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { version } from '../common/version.ts';
import { collectDiag } from '../sdk/testing/diag-log.ts';
import { BufferPool } from './buffer-pool.ts';
import { OpenBatch } from './open-batch.ts';
import { createOtlpSender, type OtlpTarget } from './otlp-senders.ts';
import type { Sender, SendResult } from './sender.ts';
import { GrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import { HttpReceiver } from '../../test-support/otlp-receiver.ts';
import type { Behaviour } from '../../test-support/received.ts';
import { plainSpan } from './testing/plain-span.ts';

const batch = new OpenBatch();
for (let id = 1; id <= 3; id++) batch.add(plainSpan(id));
const request = batch.close(new BufferPool(0));
const bytes = request.buffer.subarray(0, request.length);
const never = new AbortController().signal;

/** google.rpc.Status with a google.rpc.RetryInfo of 1.5 s, by hand. */
function retryInfo(): Buffer {
  const type = 'type.googleapis.com/google.rpc.RetryInfo';
  const delay = Buffer.from([0x0a, 8, 0x08, 1, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01]);
  const any = Buffer.concat([
    Buffer.from([0x0a, type.length]),
    Buffer.from(type),
    Buffer.from([0x12, delay.length]),
    delay,
  ]);
  return Buffer.concat([Buffer.from([0x08, 8, 0x1a, any.length]), any]);
}

describe.each(['http/protobuf', 'http/json'] as const)('%s', (protocol) => {
  let receiver: HttpReceiver;
  const senders: Sender[] = [];
  const open = (more: Partial<OtlpTarget> = {}): Sender => {
    const sender = createOtlpSender({
      protocol,
      url: receiver.url,
      headers: { 'x-key': 'secret' },
      ...more,
    });
    senders.push(sender);
    return sender;
  };
  beforeEach(async () => {
    receiver = await new HttpReceiver().start();
  });
  afterEach(async () => {
    for (const sender of senders.splice(0)) sender.close();
    await receiver.stop();
  });

  test('delivers, with the headers, over one connection', async () => {
    const sender = open();
    for (let i = 0; i < 3; i++) expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok', rejected: 0 });
    expect([...receiver.received.spans]).toEqual([
      ['0000000000000001', 3],
      ['0000000000000002', 3],
      ['0000000000000003', 3],
    ]);
    expect(receiver.received.headers).toMatchObject({
      'x-key': 'secret',
      'user-agent': `mqtrace/${version}`,
      connection: 'keep-alive',
    });
  });

  test('compresses if configured', async () => {
    expect(await open({ compression: 'gzip' }).send(bytes, never)).toMatchObject({ status: 'ok', rejected: 0 });
    expect(receiver.received.headers['content-encoding']).toBe('gzip');
    expect(receiver.received.spans.size).toBe(3);
  });

  test('reads a partial success', async () => {
    receiver.behaviour = { reject: 2 };
    expect(await open().send(bytes, never)).toMatchObject({ status: 'ok', rejected: 2, detail: 'told to' });
  });

  test.each<[string, Behaviour, SendResult['status']]>([
    ['429', { status: 429 }, 'retry'],
    ['502', { status: 502 }, 'retry'],
    ['503', { status: 503 }, 'retry'],
    ['504', { status: 504 }, 'retry'],
    ['413', { status: 413 }, 'split'],
    ['400', { status: 400 }, 'reject'],
    ['401', { status: 401 }, 'reject'],
    ['500', { status: 500 }, 'reject'],
    ['a redirect', { status: 302 }, 'reject'],
    ['a connection cut', { cut: 'before' }, 'retry'],
    ['a connection cut after the status', { cut: 'after' }, 'retry'],
    ['no answer', { hang: true }, 'retry'],
  ])('%s', async (_, behaviour, status) => {
    receiver.behaviour = behaviour;
    expect(await open({ timeoutMs: 300 }).send(bytes, never)).toMatchObject({ status });
  });

  test('a response that arrives slowly does not extend the timeout', async () => {
    receiver.behaviour = { dripMs: 20 };
    expect(await open({ timeoutMs: 200 }).send(bytes, never)).toMatchObject({
      status: 'retry',
      incomplete: true,
      answered: true,
    });
  });

  test('honours Retry-After in seconds and as a date', async () => {
    receiver.behaviour = { status: 503, retryAfter: '7' };
    expect(await open().send(bytes, never)).toMatchObject({ status: 'retry', afterMs: 7000 });
    receiver.behaviour = { status: 429, retryAfter: new Date(Date.now() + 60_000).toUTCString() };
    const result = await open().send(bytes, never);
    expect(result.status === 'retry' && result.afterMs! > 50_000).toBe(true);
  });

  test('no receiver listens, then one does', async () => {
    const sender = open();
    await receiver.stop();
    expect(await sender.send(bytes, never)).toMatchObject({ status: 'retry' });
    await receiver.start();
    expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok' });
  });

  test('aborts', async () => {
    receiver.behaviour = { hang: true };
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    expect(await open().send(bytes, abort.signal)).toMatchObject({ status: 'retry' });
    expect(await open().send(bytes, AbortSignal.abort())).toMatchObject({ status: 'retry' });
  });

  test('uses the agent of a factory', async () => {
    const asked: string[] = [];
    const factory = (scheme: string): Agent => {
      asked.push(scheme);
      return new Agent({ keepAlive: true });
    };
    expect(await open({ httpAgentOptions: factory }).send(bytes, never)).toMatchObject({ status: 'ok' });
    expect(asked).toEqual(['http:']);
  });
});

describe('grpc', () => {
  let receiver: GrpcReceiver;
  const senders: Sender[] = [];
  const open = (more: Partial<OtlpTarget> = {}): Sender => {
    const sender = createOtlpSender({
      protocol: 'grpc',
      url: receiver.url,
      headers: { 'x-key': 'secret' },
      ...more,
    });
    senders.push(sender);
    return sender;
  };
  beforeEach(async () => {
    receiver = await new GrpcReceiver().start();
  });
  afterEach(async () => {
    for (const sender of senders.splice(0)) sender.close();
    await receiver.stop();
  });

  test.each(['none', 'gzip'] as const)('delivers, with the metadata, over one connection (%s)', async (compression) => {
    const sender = open({ compression });
    for (let i = 0; i < 3; i++) expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok', rejected: 0 });
    expect([...receiver.received.spans.values()]).toEqual([3, 3, 3]);
    expect(receiver.metadata?.get('x-key')).toEqual(['secret']);
    expect(receiver.metadata?.get('user-agent')).toEqual([`mqtrace/${version}`]);
    expect(receiver.peers.size).toBe(1);
  });

  test('omits and logs headers that gRPC cannot send', async () => {
    const reported = collectDiag();
    const headers = { 'X-Key': 'Secret', 'grpc-timeout': '1S', connection: 'close', 'my-bin': 'AA', name: 'schön' };
    expect(await open({ headers }).send(bytes, never)).toMatchObject({ status: 'ok' });
    expect(receiver.metadata?.get('x-key')).toEqual(['Secret']);
    expect(reported.map((line) => /"(.*)"/.exec(line)?.[1])).toEqual(['grpc-timeout', 'connection', 'my-bin', 'name']);
    expect(reported.join()).not.toContain('schön');
  });

  test('a host and port without a scheme is for TLS, and a Unix socket is not', async () => {
    const plain = receiver.url.replace('http://', '');
    expect(await open({ url: plain }).send(bytes, never)).toMatchObject({ status: 'retry', wrongProtocol: true });
    const directory = mkdtempSync(join(tmpdir(), 'mqtrace-grpc-'));
    const local = await new GrpcReceiver().start(0, undefined, `unix:${join(directory, 'socket')}`);
    try {
      const sender = open({ url: `unix:${join(directory, 'socket')}` });
      expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok', rejected: 0 });
    } finally {
      await local.stop();
      rmSync(directory, { recursive: true });
    }
  });

  test('many calls share the connection, and one that is aborted does not end the others', async () => {
    const sender = open();
    receiver.behaviour = { delayMs: 200 };
    const abort = new AbortController();
    const calls = Array.from({ length: 50 }, (_, i) =>
      sender.send(bytes, i === 25 ? abort.signal : new AbortController().signal),
    );
    setTimeout(() => abort.abort(), 50);
    const results = await Promise.all(calls);
    expect(results.filter(({ status }) => status === 'ok')).toHaveLength(49);
    expect(results[25]).toMatchObject({ status: 'retry' });
  });

  test('reads a partial success', async () => {
    receiver.behaviour = { reject: 1 };
    expect(await open().send(bytes, never)).toMatchObject({ status: 'ok', rejected: 1, detail: 'told to' });
  });

  test.each([
    [1, 'retry'],
    [4, 'retry'],
    [10, 'retry'],
    [11, 'retry'],
    [14, 'retry'],
    [15, 'retry'],
    [8, 'split'],
    [3, 'reject'],
    [7, 'reject'],
    [13, 'reject'],
    [16, 'reject'],
  ])('code %i', async (status, expected) => {
    receiver.behaviour = { status };
    expect(await open().send(bytes, never)).toMatchObject({ status: expected });
  });

  test('honours RetryInfo', async () => {
    receiver.behaviour = { status: 8, details: retryInfo() };
    expect(await open().send(bytes, never)).toMatchObject({ status: 'retry', afterMs: 1500 });
    receiver.behaviour = { status: 14, details: retryInfo() };
    expect(await open().send(bytes, never)).toMatchObject({ status: 'retry', afterMs: 1500 });
  });

  test('no server, then a server: the next request arrives immediately', async () => {
    const sender = open({ timeoutMs: 2000 });
    expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok' });
    await receiver.stop();
    for (let i = 0; i < 3; i++) expect(await sender.send(bytes, never)).toMatchObject({ status: 'retry' });
    await receiver.start();
    expect(await sender.send(bytes, never)).toMatchObject({ status: 'ok' });
  });

  test('no response, and an abort', async () => {
    receiver.behaviour = { hang: true };
    expect(await open({ timeoutMs: 200 }).send(bytes, never)).toMatchObject({ status: 'retry' });
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    expect(await open().send(bytes, abort.signal)).toMatchObject({ status: 'retry' });
  });
});

describe('a port of another protocol is reported immediately', () => {
  afterEach(() => diag.disable());

  test('OTLP over HTTP sent to a gRPC port', async () => {
    const receiver = await new GrpcReceiver().start();
    const sender = createOtlpSender({ protocol: 'http/protobuf', url: `${receiver.url}/v1/traces`, headers: {} });
    const result = await sender.send(bytes, never);
    expect(result).toMatchObject({ status: 'retry', wrongProtocol: true });
    expect(String(result.status === 'retry' && result.error)).toMatch(
      /the response is not HTTP\/1\.1: port \d+ may be the one for OTLP over gRPC \(use port 4318 or protocol 'grpc'\)/,
    );
    sender.close();
    await receiver.stop();
  });

  test('gRPC sent to a port of OTLP over HTTP', async () => {
    const receiver = await new HttpReceiver().start();
    const sender = createOtlpSender({ protocol: 'grpc', url: `http://127.0.0.1:${receiver.port}`, headers: {} });
    const result = await sender.send(bytes, never);
    expect(result).toMatchObject({ status: 'retry', wrongProtocol: true });
    expect(String(result.status === 'retry' && result.error)).toMatch(
      /the response is not HTTP\/2: port \d+ may be the one for OTLP over HTTP \(use port 4317 or protocol 'http\/protobuf'\)/,
    );
    sender.close();
    await receiver.stop();
  });

  test('TLS sent to a port without it', async () => {
    const receiver = await new HttpReceiver().start();
    for (const protocol of ['grpc', 'http/protobuf'] as const) {
      const sender = createOtlpSender({ protocol, url: `https://127.0.0.1:${receiver.port}`, headers: {} });
      const result = await sender.send(bytes, never);
      expect(String(result.status === 'retry' && result.error)).toContain('use http:// instead of https://');
      sender.close();
    }
    await receiver.stop();
  });
});
