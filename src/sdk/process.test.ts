import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startOtlpGrpcReceiver } from '../../test-support/otlp-grpc-receiver.ts';
import { startOtlpReceiver } from '../../test-support/otlp-receiver.ts';
import { compileSources } from '../export/testing/child.ts';

const repository = new URL('../..', import.meta.url).pathname;

/** Separate projects with the compiled sources: without an SDK, and as the README installs it. */
let apiOnly: string;
let bare: string;

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

beforeAll(async () => {
  apiOnly = await createProject(['api']);
  bare = await createProject(['api', 'sdk-trace']);
});

afterAll(async () => {
  for (const project of [apiOnly, bare]) await rm(project, { recursive: true });
});

async function createProject(packages: readonly string[]): Promise<string> {
  const project = await mkdtemp(join(tmpdir(), 'mqtrace-sdk-'));
  await compileSources(project);
  const scope = join(project, 'node_modules', '@opentelemetry');
  await mkdir(scope, { recursive: true });
  for (const name of packages)
    await symlink(join(repository, 'node_modules', '@opentelemetry', name), join(scope, name));
  return project;
}

interface Outcome {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program in a project, and returns its exit code and output. */
async function run(project: string, program: string, env: Record<string, string> = {}): Promise<Outcome> {
  const file = join(project, `program-${Math.random().toString(36).slice(2)}.mjs`);
  await writeFile(file, `import { startTracing } from './src/sdk/index.js';\n${program}`);
  return new Promise((resolve) => {
    const options = { cwd: project, env: { ...process.env, ...env } };
    execFile(process.execPath, [file], options, (error, out, err) => {
      resolve({ code: error ? (error.code ?? null) : 0, out: out.trim(), err: err.trim() });
    });
  });
}

test('without the SDK startTracing reports what to install; samplers and features that need no SDK work', async () => {
  const outcome = await run(
    apiOnly,
    `import { createSampling, MqtraceSpanProcessor, ratio } from './src/sdk/index.js';
     import { ROOT_CONTEXT } from '@opentelemetry/api';
     const { sampler } = createSampling({ sampler: ratio(1), keepErrors: true }, new MqtraceSpanProcessor({ protocol: 'none' }));
     console.log(sampler.shouldSample(ROOT_CONTEXT, '1'.repeat(32), 'work', 0, {}, []).decision);
     try { startTracing(); } catch (error) { console.log(error.code, error.message.replace(/^.*?] /, '')); }
     process.env.OTEL_SDK_DISABLED = 'true';
     const disabled = startTracing();
     console.log(disabled.span('work', () => 7));`,
  );
  expect(outcome).toEqual({
    code: 0,
    err: '',
    out: [
      '2',
      'MISSING_DEPENDENCY startTracing() needs @opentelemetry/sdk-trace: ' +
        'npm install mqtrace @opentelemetry/api@~1.9 @opentelemetry/sdk-trace@2',
      '7',
    ].join('\n'),
  });
});

test('a missing package is named, with the command that installs it', async () => {
  const outcome = await run(
    bare,
    `for (const options of [{ export: { protocol: 'none' }, propagator: ['b3'] }]) {
       try { startTracing(options); console.log('started'); }
       catch (error) { console.log(error.code, error.message.replace(/^.*?] /, '')); }
     }`,
  );
  expect(outcome).toMatchObject({ code: 0, err: '' });
  const missing = (wantedBy: string, name: string, version: string): string =>
    `MISSING_DEPENDENCY ${wantedBy} needs @opentelemetry/${name}: npm install @opentelemetry/${name}@${version}`;
  expect(outcome.out.split('\n')).toEqual([missing('propagator b3', 'propagator-b3', '2')]);
});

test('a variable that names a missing package is reported on stderr, and the rest or the default is used', async () => {
  const program = `
    import { propagation } from '@opentelemetry/api';
    const tracing = startTracing({ export: { protocol: 'none' } });
    console.log(propagation.fields().join(), tracing.span('work', () => 7));
    await tracing.shutdown();`;
  const skipped =
    'mqtrace: OTEL_PROPAGATORS: jaeger is skipped: it needs @opentelemetry/propagator-jaeger: ' +
    'npm install @opentelemetry/propagator-jaeger@2';
  const outcome = async (env: Record<string, string>): Promise<[string, string]> => {
    const { out, err } = await run(bare, program, env);
    return [out, err];
  };
  expect(await outcome({ OTEL_PROPAGATORS: 'jaeger' })).toEqual(['traceparent,tracestate,baggage 7', skipped]);
  expect(await outcome({ OTEL_PROPAGATORS: 'jaeger,baggage' })).toEqual(['baggage 7', skipped]);
  expect(await outcome({ OTEL_PROPAGATORS: 'jaeger', OTEL_LOG_LEVEL: 'none' })).toEqual([
    'traceparent,tracestate,baggage 7',
    '',
  ]);
});

test('every exporter works without an additional package', async () => {
  const grpc = await startOtlpGrpcReceiver();
  const http = await startOtlpReceiver();
  const outcome = await run(
    bare,
    `
    for (const [protocol, endpoint] of [['grpc', '${grpc.url}'], ['http/protobuf', '${http.url}'], ['http/json', '${http.url}'],
      ['console'], ['none']]) {
      const tracing = startTracing({ export: { protocol, endpoint }, serviceName: 'lonely' });
      tracing.span(protocol, () => 1);
      await tracing.shutdown();
    }
  `,
  );
  grpc.close();
  await http.close();
  expect(outcome).toMatchObject({ code: 0, err: '' });
  expect(outcome.out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} lonely console +\d+\.\dms unset [0-9a-f]{32}$/);
  expect([...grpc.spans, ...http.spans].map(({ name }) => name)).toEqual(['grpc', 'http/protobuf', 'http/json']);
});

test('a finished program ends with its own exit code even without a collector', async () => {
  const program = `
    const tracing = startTracing({ export: { endpoint: 'http://127.0.0.1:1' }, serviceName: 'short' });
    tracing.span('work', () => undefined);
    process.exitCode = 3;
  `;
  const failed =
    /^mqtrace: http\/protobuf .*: the export failed and will be retried: connect ECONNREFUSED 127.0.0.1:1\n/;
  const lost = 'mqtrace: 1 spans lost: the process ended before they were sent (a spool would keep them)';
  const { code, out, err } = await run(bare, program);
  expect({ code, out, err: err.replace(failed, '') }).toEqual({ code: 3, out: '', err: lost });
  expect(err).toMatch(failed);
});

test('OTEL_LOG_LEVEL enables reports on the console, unless the application has a logger', async () => {
  const program = `startTracing({ export: { protocol: 'none' } });`;
  const env = { OTEL_LOG_LEVEL: 'warn', OTEL_PROPAGATORS: 'smoke-signals' };
  const shown = await run(bare, program, env);
  expect(shown.err).toContain('mqtrace: OTEL_PROPAGATORS: part 1 is skipped: expected one of tracecontext');
  const own = await run(
    bare,
    `import { diag } from '@opentelemetry/api';
     const log = (...line) => console.log('own', ...line);
     diag.setLogger({ error: log, warn: log, info: log, debug: log, verbose: log });
     ${program}`,
    env,
  );
  expect(own).toMatchObject({ code: 0, err: '' });
  expect(own.out).toContain('own mqtrace: OTEL_PROPAGATORS: part 1 is skipped');
});

test('an error that ends the process is still the one of the application', async () => {
  await using collector = await startOtlpReceiver();
  const outcome = await run(
    bare,
    `const tracing = startTracing();
     try {
       await tracing.span('work', async () => { throw new RangeError('mine'); });
     } finally {
       await tracing.shutdown();
     }`,
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_SERVICE_NAME: 'crashing' },
  );
  expect(outcome.code).toBe(1);
  expect(outcome.err).toContain('RangeError: mine');
  expect(collector.spans).toMatchObject([{ name: 'work', status: { code: 'ERROR', message: 'mine' } }]);
});
