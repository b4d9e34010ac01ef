// Asks mqtrace and OpenTelemetry's instrumentations again what docs/compared.md says of them.
import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { ask, readResults } from './results.ts';

const results = readResults();

// The others are asked by `npm run docs:compared`, which installs them.
test.each(['mqtrace', 'opentelemetry'] as const)(
  'docs/compared.md says what %s does',
  { timeout: 600_000 },
  async (tracer) => {
    const addresses = {
      kafkaBroker: inject('kafkaBrokers')[0]!,
      amqpUrl: inject('amqpUrl'),
      redisUrl: inject('redisUrl'),
    };
    expect(await ask(tracer, addresses)).toEqual(results[tracer].answers);
  },
);

test('the installed versions were compared', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> };
  for (const { versions } of [results.mqtrace, results.opentelemetry]) {
    const names = Object.keys(versions);
    expect(versions).toEqual(Object.fromEntries(names.map((name) => [name, devDependencies[name]])));
  }
});
