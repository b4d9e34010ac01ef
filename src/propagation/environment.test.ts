import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { expect, test } from 'vitest';
import { environment, kafkaHeaders } from '../../carriers/index.ts';
import { extract, extractEnvironment, getBaggage, inject, injectEnvironment } from './index.ts';

const headers = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'a=1',
  baggage: 'tenant=a%20b',
};
const carried = extract(kafkaHeaders, headers);
const print =
  'JSON.stringify([process.env.TRACEPARENT, process.env.TRACESTATE, process.env.BAGGAGE, process.env.MINE])';
const expected = [...Object.values(headers), 'x'];

test('a child process is started in the context', () => {
  const env = injectEnvironment({ ...process.env, MINE: 'x', BAGGAGE: 'stale=1' }, carried);
  const { stdout } = spawnSync(process.execPath, ['-e', `console.log(${print})`], { env, encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual(expected);
});

test('a worker thread is started in the context', async () => {
  const worker = new Worker(`require('node:worker_threads').parentPort.postMessage(${print})`, {
    eval: true,
    env: injectEnvironment({ MINE: 'x' }, carried),
  });
  const message = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject));
  await worker.terminate();
  expect(JSON.parse(message as string)).toEqual(expected);
});

test('the context with which a process was started is read, and not passed on without an active context', () => {
  const started = injectEnvironment({}, carried);
  expect(started).toEqual({ TRACEPARENT: headers.traceparent, TRACESTATE: 'a=1', BAGGAGE: headers.baggage });
  const read = extractEnvironment(started);
  expect(trace.getSpanContext(read)?.spanId).toBe('b7ad6b7169203331');
  expect(getBaggage(read).getEntry('tenant')?.value).toBe('a b');
  expect(injectEnvironment(started, ROOT_CONTEXT)).toEqual({});
  expect(extractEnvironment({ TRACEPARENT: 'junk' })).toBe(ROOT_CONTEXT);
  expect(extractEnvironment({ traceparent: headers.traceparent })).toBe(ROOT_CONTEXT);
});

test('other propagators: names in capitals with underscores', () => {
  const propagator = new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER });
  const variables = inject(environment, {}, carried, { propagator });
  expect(Object.keys(variables)).toContain('X_B3_TRACEID');
  expect(trace.getSpanContext(extract(environment, variables, ROOT_CONTEXT, { propagator }))?.spanId).toBe(
    'b7ad6b7169203331',
  );
});
