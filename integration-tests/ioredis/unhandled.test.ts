import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, inject, it } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';

it('a traced client has exactly the unhandled rejections of the raw one', async () => {
  const [traced, raw] = [await unhandled('traceRedis'), await unhandled('')];
  expect(traced).toStrictEqual(raw);
  expect(traced).toStrictEqual({
    'a promise without a handler': ['WRONGTYPE'],
    'a promise without a handler beside one with a handler': ['WRONGTYPE'],
    'a callback': [],
    'a pipeline with a command that fails': [],
    'a transaction that is aborted': ['EXECABORT'],
    'a transaction of single commands': ['ERR'],
    'a consumer that cannot go on': [],
  });
});

/** Runs each case with a raw and with a traced client, and returns the unhandled rejections of each. */
async function unhandled(wrap: string): Promise<unknown> {
  const script = `
    import { Redis } from 'ioredis';
    import { consumeStream, traceRedis } from './src/ioredis/index.ts';
    const redis = ${wrap}(new Redis(${JSON.stringify(inject('redisUrl'))}));
    const text = ${JSON.stringify(uniqueName('text'))};
    const cases = {
      'a promise without a handler': () => { redis.xadd(text, '*', 'a', 'b'); },
      'a promise without a handler beside one with a handler': () => {
        redis.xadd(text, '*', 'a', 'b').catch(() => {});
        redis.xread('STREAMS', text, '0');
      },
      'a callback': () => { redis.xadd(text, '*', 'a', 'b', () => {}); },
      'a pipeline with a command that fails': () => { redis.pipeline().xadd(text, '*', 'a', 'b').exec(); },
      'a transaction that is aborted': () => { redis.multi().xadd(text, '*').exec(); },
      'a transaction of single commands': () => {
        redis.multi({ pipeline: false });
        redis.xadd(text, '*');
        redis.discard();
      },
      'a consumer that cannot go on': async () => {
        await new Promise((onError) => consumeStream(redis, { streams: text, group: 'g', onError }, () => {}));
      },
    };
    const seen = {};
    let name;
    process.on('unhandledRejection', (error) => seen[name].push(error.message.split(' ', 1)[0]));
    await redis.set(text, 'text');
    for (name in cases) {
      seen[name] = [];
      await cases[name]();
      await redis.ping();
      await new Promise((resolve) => setImmediate(resolve));
      await redis.ping();
    }
    redis.disconnect();
    console.log(JSON.stringify(seen));
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: new URL('../..', import.meta.url) },
  );
  return JSON.parse(stdout);
}
