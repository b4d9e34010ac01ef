import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The globals of the sandbox of Jest 25, besides those of JavaScript. */
const sandboxGlobals = {
  Buffer,
  URL,
  clearImmediate,
  clearInterval,
  clearTimeout,
  console,
  process,
  setImmediate,
  setInterval,
  setTimeout,
};

const program = `
  import { DOMException } from 'outside';
  import { baggage, explain, extract, inject, tracingFaults, withBaggage } from './src/index.ts';
  import { httpHeaders, kafkaHeaders } from './carriers/index.ts';
  import { traceProducer, traceConsumer } from './src/kafkajs/index.ts';
  import './src/amqplib/index.ts';
  import './src/ioredis/index.ts';
  import { traceFetch, traceHandler } from './src/http/index.ts';

  const recorded = [];
  const span = {
    spanContext: () => ({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }),
    isRecording: () => true,
    setAttribute(name, value) { if (name === 'error.type') recorded.push(value); return span; },
    setAttributes: () => span,
    setStatus: () => span,
    updateName: () => span,
    recordException() {},
    addLink: () => span,
    end() {},
  };
  const tracerProvider = { getTracer: () => ({ startSpan: () => span }) };
  const options = { tracerProvider };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01';

  export async function run() {
    class TypeOfTheSandbox extends Error { name = 'TypeOfTheSandbox'; }
    const errors = [new TypeOfTheSandbox('x'), new DOMException('x', 'AbortError')];
    for (const error of errors) {
      const failing = async () => { throw error; };
      const handler = traceHandler(failing, options);
      await handler({ headers: { traceparent }, method: 'GET', url: '/' }, { once() {}, statusCode: 200 }).catch(() => {});
      await traceFetch(failing, options)('http://localhost/', { headers: { a: 'b' } }).catch(() => {});
      await traceFetch(failing, options)('http://localhost/', { headers: [['a', 'b']] }).catch(() => {});
    }
    const context = extract(httpHeaders, { traceparent, baggage: 'k=' + 'v'.repeat(9000) + ',l=w' });
    const trusted = extract(kafkaHeaders, { traceparent: Buffer.from(traceparent) });
    explain({ headers: { traceparent } }, { trust: { sampled: { perSecond: 1 } } });
    return { recorded, sent: inject(kafkaHeaders, {}, trusted), faults: tracingFaults() };
  }
`;

interface Program {
  run(): Promise<{ recorded: string[]; sent: object; faults: number }>;
}

test('wrappers work if globals of Node are missing', async () => {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root, loader: 'js' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['outside'],
    write: false,
  });
  const requireOutside = createRequire(import.meta.url);
  const require = (name: string): unknown => (name === 'outside' ? { DOMException } : requireOutside(name));
  const sandbox = createContext({ ...sandboxGlobals });
  const load = runInContext(`(function (require, module, exports) {${outputFiles[0]!.text}\n})`, sandbox) as (
    ...given: unknown[]
  ) => void;
  const module = { exports: {} as Program };
  load(require, module, module.exports);
  for (const name of ['performance', 'DOMException', 'Headers', 'AbortController', 'TextEncoder']) {
    expect(runInContext(`typeof ${name}`, sandbox)).toBe('undefined');
  }
  const { recorded, sent, faults } = await module.exports.run();
  const types = ['TypeOfTheSandbox', 'AbortError'];
  expect(recorded).toEqual(types.flatMap((type) => [type, type, type]));
  expect(sent).toEqual({ traceparent: '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01' });
  expect(faults).toBe(0);
});
