import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startView } from '../../view/index.ts';
import { checkCollector } from './check-collector.ts';
import { checkEnvironment, checkSpool } from './check-environment.ts';
import { checkPackages } from './check-packages.ts';
import type { DoctorFinding } from './finding.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mqtrace-doctor-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A project with these packages, given by their paths below node_modules and their versions. */
function project(packages: Record<string, string>): string {
  const path = mkdtempSync(join(folder, 'project-'));
  for (const [name, version] of Object.entries(packages)) {
    const at = join(path, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version }));
  }
  return path;
}

const whole = {
  '@opentelemetry/api': '1.9.1',
  '@opentelemetry/sdk-trace': '2.12.0',
  mqtrace: '0.1.0',
  kafkajs: '2.2.4',
};
const named = (findings: readonly DoctorFinding[]): string[] => findings.map(({ check }) => check);

test('a valid project has no findings', () => {
  expect(checkPackages(project(whole))).toEqual([]);
  expect(
    checkEnvironment({ OTEL_SERVICE_NAME: 'billing', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }),
  ).toEqual([]);
});

/** Adds a package to a folder of packages. */
function install(modules: string, name: string, version: string): string {
  const at = join(modules, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version }));
  return at;
}

test('packages that a workspace keeps in an enclosing folder are found, and what another member has is not', () => {
  const root = project(whole);
  const member = join(root, 'packages/app');
  mkdirSync(member, { recursive: true });
  install(join(root, 'packages/other/node_modules'), '@opentelemetry/api', '1.8.0');
  expect(checkPackages(member)).toEqual([]);
  // Another copy than that which mqtrace sees.
  install(join(member, 'node_modules'), '@opentelemetry/api', '1.9.0');
  expect(named(checkPackages(member))).toEqual(['two-copies']);
});

test("with pnpm's links, the API of a package is found beside it", () => {
  const root = mkdtempSync(join(folder, 'project-'));
  const store = join(root, 'node_modules/.pnpm');
  const inStore = join(store, 'mqtrace@0.1.0/node_modules');
  const target = install(inStore, 'mqtrace', '0.1.0');
  install(inStore, '@opentelemetry/api', '1.9.1');
  const sdk = install(inStore, '@opentelemetry/sdk-trace', '2.12.0');
  symlinkSync(target, join(root, 'node_modules/mqtrace'));
  mkdirSync(join(root, 'node_modules/@opentelemetry'));
  symlinkSync(sdk, join(root, 'node_modules/@opentelemetry/sdk-trace'));
  expect(checkPackages(root)).toEqual([]);
  install(join(root, 'node_modules'), '@opentelemetry/api', '1.9.0');
  expect(named(checkPackages(root))).toEqual(['two-copies']);
});

test("packages of Yarn's Plug'n'Play are not reported as missing", () => {
  const root = mkdtempSync(join(folder, 'project-'));
  writeFileSync(join(root, '.pnp.cjs'), '');
  mkdirSync(join(root, 'packages/app'), { recursive: true });
  for (const each of [root, join(root, 'packages/app')])
    expect(checkPackages(each)).toMatchObject([{ check: 'plug-and-play', severity: 'note' }]);
});

test.each<[string, Record<string, string>, string]>([
  ['no API', { '@opentelemetry/api': '' }, 'api-missing'],
  ['an API that is too old', { '@opentelemetry/api': '1.4.0' }, 'api-version'],
  ['two copies of the API', { 'x/node_modules/@opentelemetry/api': '1.8.0' }, 'two-copies'],
  ['two copies of mqtrace', { 'x/node_modules/mqtrace': '0.0.9' }, 'two-copies'],
  ['a client that is too old', { kafkajs: '1.2.0' }, 'client-version'],
  [
    'an auto-instrumentation in addition to the wrapper',
    { '@opentelemetry/instrumentation-kafkajs': '0.32.0' },
    'auto-instrumentation',
  ],
  [
    'a provider without a context manager',
    { '@opentelemetry/sdk-trace': '', '@opentelemetry/sdk-trace-base': '2.12.0' },
    'context-manager-missing',
  ],
  ['no SDK', { '@opentelemetry/sdk-trace': '' }, 'sdk-missing'],
])('%s is reported', (_, changes, check) => {
  const packages = Object.fromEntries(Object.entries({ ...whole, ...changes }).filter(([, version]) => version !== ''));
  expect(named(checkPackages(project(packages)))).toContain(check);
});

test('an old Node.js is reported', () => {
  expect(named(checkPackages(project(whole), '18.20.0'))).toEqual(['node-version']);
});

test.each<[Record<string, string>, string]>([
  [{ OTEL_SDK_DISABLED: 'true' }, 'sdk-disabled'],
  [{ OTEL_TRACES_EXPORTER: 'none' }, 'exporter-none'],
  [{ OTEL_TRACES_SAMPLER: 'always_off' }, 'sampler-off'],
  [{ OTEL_PROPAGATORS: 'tracecontext' }, 'propagator-drops-baggage'],
  [{ OTEL_PROPAGATORS: 'b3,baggage' }, 'propagator-foreign'],
  [{ OTEL_PROPAGATORS: 'none' }, 'propagator-none'],
  [{ OTEL_SPAN_LINK_COUNT_LIMIT: '16' }, 'link-limit'],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc/json' }, 'protocol-unknown'],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318' }, 'wrong-port'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4317' }, 'wrong-port'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318/v1/traces' }, 'endpoint-path'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4318' }, 'endpoint-invalid'],
  [{ NODE_OPTIONS: '--require @opentelemetry/auto-instrumentations-node/register' }, 'auto-instrumentation'],
  [{ OTEL_SERVICE_NAME: '' }, 'service-name'],
])('for %j it reports %s with a fix', (variables, check) => {
  const findings = checkEnvironment({ OTEL_SERVICE_NAME: 'billing', ...variables });
  expect(named(findings)).toEqual([check]);
  expect(findings[0]!.mend).not.toBe('');
});

test('a spool directory that is missing or a file is reported', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(named(checkSpool(join(folder, 'nowhere')))).toEqual(['spool-unusable']);
  expect(named(checkSpool(file))).toEqual(['spool-unusable']);
  expect(checkSpool(folder)).toEqual([]);
});

test('a collector is distinguished from none, another server, and the other protocol', async () => {
  const view = await startView({ port: 0, otlpPort: 0, grpcPort: 0 });
  onTestFinished(() => view.close());
  const other = createServer((_, response) =>
    response.writeHead(404, { date: new Date(Date.now() - 60_000).toUTCString() }).end(),
  ).listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  onTestFinished(() => void other.close());
  const otherUrl = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  expect(await checkCollector(view.otlpUrl, 'http/protobuf')).toEqual([]);
  expect(await checkCollector(view.grpcUrl, 'grpc')).toEqual([]);
  expect(named(await checkCollector(view.grpcUrl, 'http/protobuf'))).toEqual(['wrong-port']);
  expect(named(await checkCollector(view.otlpUrl, 'grpc'))).toEqual(['collector-unreachable']);
  expect(named(await checkCollector('http://127.0.0.1:1', 'http/protobuf'))).toEqual(['collector-unreachable']);
  expect(named(await checkCollector(otherUrl, 'http/protobuf'))).toEqual(['not-a-collector', 'clock-skew']);
  const closed = await startView({ port: 0, otlpPort: 0, grpcPort: 0, host: '127.0.0.1', token: 'secret' });
  onTestFinished(() => closed.close());
  expect(named(await checkCollector(closed.otlpUrl, 'http/protobuf'))).toEqual(['collector-refuses']);
});
