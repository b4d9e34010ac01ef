// Asks mqtrace and OpenTelemetry's instrumentations again what docs/compared.md says of them.
import { readFileSync } from 'node:fs';
import { expect, inject, test } from 'vitest';
import { ask, readResults } from './results.ts';

const { answers, versions } = readResults();

// Sentry and Datadog are asked by `npm run docs:compared`, which installs them.
test.each(['mqtrace', 'opentelemetry'] as const)(
  'docs/compared.md says what %s does',
  { timeout: 400_000 },
  async (tracer) => {
    const addresses = {
      kafkaBroker: inject('kafkaBrokers')[0]!,
      amqpUrl: inject('amqpUrl'),
      redisUrl: inject('redisUrl'),
    };
    expect(await ask(tracer, addresses)).toEqual(answers[tracer]);
  },
);

test('the installed versions were compared', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> };
  const compared = Object.entries(versions).filter(([name]) => name in devDependencies);
  expect(Object.fromEntries(compared)).toEqual(
    Object.fromEntries(compared.map(([name]) => [name, devDependencies[name]])),
  );
  expect(compared).toHaveLength(8);
});
