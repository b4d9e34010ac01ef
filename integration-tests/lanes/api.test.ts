import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type PublishedApi, publishedApi } from './published-api.js';
import { apiReport } from './api-report.ts';
import { shortProject } from './short-project.ts';
import { root } from './tarball.ts';

let project: string;
let api: PublishedApi;

beforeAll(() => {
  project = shortProject();
  api = publishedApi(project);
});

test('the API report is equal to the declarations (npm run api:report writes it)', () => {
  expect(readFileSync(join(root, 'etc/mqtrace.api.md'), 'utf8')).toBe(apiReport(api));
});

/** The values that are given to the SDK, in the form of its own types, which do not allow undefined: metrics, and the instrumentation classes. */
const givenToTheSdk = [
  'MetricBase.explicitBucketBoundaries',
  'HistogramValue.min',
  'HistogramValue.max',
  'InstrumentationConfig.enabled',
];

test('every optional property of every published type accepts an explicit undefined', () => {
  expect(api.strictlyOptional).toEqual(givenToTheSdk);
});

test('declarations import nothing but the OpenTelemetry API, sdk-trace and Node.js', () => {
  const installed = join(project, 'node_modules/mqtrace/dist');
  const declarations = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.d\.m?ts$/.test(file),
  );
  const imported = declarations.flatMap((file) =>
    [...readFileSync(join(installed, file), 'utf8').matchAll(/(?:\bfrom |\bimport\()["']([^."'][^"']*)["']/g)].map(
      ([, name]) => name,
    ),
  );
  expect(new Set(imported.filter((name) => !name!.startsWith('node:')))).toEqual(
    new Set(['@opentelemetry/api', '@opentelemetry/sdk-trace']),
  );
});
