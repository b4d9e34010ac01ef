// Tests the options of mqtrace/register: a file in the working directory, or the one that MQTRACE_CONFIG names, and variables.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Outcome, programs, register, run } from './service.ts';

interface Told {
  service: unknown;
  names: string[];
  kafkajs: boolean;
  err: string;
}

/** Runs the program in a folder with these files. */
async function runWith(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): Promise<Told> {
  const cwd = mkdtempSync(join(tmpdir(), 'mqtrace-config-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const outcome: Outcome = await run(['--no-warnings', '--import', register, join(programs, 'receive.cjs')], {
    cwd,
    env,
  });
  expect(outcome.code).toBe(0);
  const { names, kafkajs } = JSON.parse(outcome.out) as { names: string[]; kafkajs: boolean };
  return { service: outcome.spans[0]?.resource['service.name'], names, kafkajs, err: outcome.err };
}

const options = '{ "tracing": { "serviceName": "shop" }, "kafkajs": false, "ioredis": { "hideFields": false } }';
const shown = { service: 'shop', names: ['a', 'traceparent', 'tracestate'], kafkajs: false, err: '' };
const defaults = { service: 'unknown_service:node', names: ['a'], kafkajs: true };

describe('the file', () => {
  it.each([
    ['mqtrace.config.mjs', `export default ${options};`],
    ['mqtrace.config.cjs', `module.exports = ${options};`],
    ['mqtrace.config.json', options],
  ])('%s in the working directory holds the options', async (name, text) => {
    expect(await runWith({ [name]: text })).toEqual(shown);
  });

  it('is the one that MQTRACE_CONFIG names', async () => {
    const files = { 'other.json': options, 'mqtrace.config.json': '{ "kafkajs": false }' };
    expect(await runWith(files, { MQTRACE_CONFIG: './other.json' })).toEqual(shown);
  });

  it.each([
    ['mqtrace.config.json', '{ "tracing": ', /mqtrace\.config\.json is ignored: it is not valid JSON/],
    // Nothing of the file is quoted: it may contain tokens.
    ['mqtrace.config.json', '{ "token": s3cret }', /^(?!.*s3cret).*is ignored: it is not valid JSON/],
    ['mqtrace.config.json', '{ "tracng": {} }', /unknown option "tracng"; did you mean "tracing"\?/],
    ['mqtrace.config.json', '{ "tracing": { "serviceNam": "a" } }', /did you mean "serviceName"\?/],
    ['mqtrace.config.json', '{ "kafkajs": { "parenting": "none" } }', /parenting/],
    ['mqtrace.config.cjs', "throw new Error('no config');", /mqtrace\.config\.cjs is ignored: .*no config/],
    ['mqtrace.config.cjs', "require('not-there');", /MODULE_NOT_FOUND/],
    ['mqtrace.config.mjs', 'await 1; export default {};', /top-level await/],
  ])('is reported if it is invalid, and the service starts: %s with %s', async (name, text, message) => {
    const told = await runWith({ [name]: text });
    expect(told).toMatchObject(defaults);
    expect(told.err).toMatch(message);
    expect(told.err.trim().split('\n')).toHaveLength(1);
  });

  it('is reported if MQTRACE_CONFIG names one that does not exist', async () => {
    const told = await runWith({}, { MQTRACE_CONFIG: 'not-there.json' });
    expect(told).toMatchObject(defaults);
    expect(told.err).toMatch(/^mqtrace: not-there\.json is ignored: .*not found/);
  });
});

describe('variables', () => {
  it('take precedence over the file', async () => {
    const env = { OTEL_SERVICE_NAME: 'cart', MQTRACE_HIDE_FIELDS: 'true', MQTRACE_CLIENTS: 'kafkajs,ioredis' };
    expect(await runWith({ 'mqtrace.config.json': options }, env)).toEqual({
      service: 'cart',
      names: ['a'],
      kafkajs: true,
      err: '',
    });
  });

  it('are reported and ignored if they are invalid', async () => {
    const told = await runWith({ 'mqtrace.config.json': options }, { MQTRACE_HIDE_FIELDS: 'perhaps' });
    expect(told).toEqual({ ...shown, err: expect.stringMatching(/MQTRACE_HIDE_FIELDS is ignored: .*"perhaps"/) });
  });
});
