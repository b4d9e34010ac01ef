// Tests every query of the dashboard and of the alerts in a real Prometheus that scrapes OpenTelemetry's exporter.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { mqtraceMetrics } from 'mqtrace/metrics';
import { startTracing } from 'mqtrace/sdk';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { uniqueName } from '../../test-support/inputs.ts';
import { freePorts } from '../brokers/ports.ts';
import { until } from '../brokers/wait.ts';
import { promtool, providePrometheus, query, scraped, startPrometheus } from './server.ts';
import { kafkaTraffic, rabbitmqTraffic, redisTraffic } from './traffic.ts';

const folder = join(import.meta.dirname, '../../docs/dashboards');
const brokers = { kafka: inject('kafkaBrokers'), amqp: inject('amqpUrl'), redis: inject('redisUrl') };
const names = { topic: uniqueName('orders'), queue: uniqueName('invoices'), stream: uniqueName('parcels') };
const stops: (() => Promise<unknown>)[] = [];
let at = '';

/** The names after an OTLP pipeline: OpenTelemetry's own exporter adds no unit to them. */
const withUnits = {
  source_labels: ['__name__'],
  regex:
    '(messaging_client_operation_duration|messaging_process_duration|mqtrace_(?:message|pipeline)_age)_(bucket|sum|count)',
  target_label: '__name__',
  replacement: '${1}_seconds_${2}',
};

beforeAll(async () => {
  await providePrometheus();
  const tracing = startTracing({ sampling: { sampler: { ratio: 0 } }, export: { protocol: 'none' } });
  stops.push(() => tracing.shutdown());
  const [port = 0] = await freePorts(1);
  const reader = new PrometheusExporter({ host: '127.0.0.1', port, metricProducers: [mqtraceMetrics()] });
  const provider = new MeterProvider({ readers: [reader] });
  stops.push(() => provider.shutdown());
  const target = { static_configs: [{ targets: [`127.0.0.1:${port}`] }] };
  const [prometheus, ...traffic] = await Promise.all([
    startPrometheus([
      { job_name: 'without', ...target },
      { job_name: 'with', ...target, metric_relabel_configs: [withUnits] },
    ]),
    kafkaTraffic(brokers, names.topic),
    rabbitmqTraffic(brokers, names.queue),
    redisTraffic(brokers, names.stream),
  ]);
  stops.push(prometheus.stop);
  for (const { stop } of traffic) stops.push(stop);
  at = prometheus.at;
  // It starts scraping some seconds after its start.
  const bothUp = async (): Promise<void> => {
    const outcomes = await scraped(at);
    if (String(outcomes) !== 'up,up') throw new Error(outcomes.join() || 'nothing was scraped');
  };
  await until('the scraping', bothUp, { timeoutMs: 30_000 });
  await sleep(3500);
});

afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

function queriesOfDashboard(): [name: string, query: string][] {
  const { panels } = JSON.parse(readFileSync(join(folder, 'messaging.json'), 'utf8')) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }, n): [string, string] => [`${title} ${n + 1}`, expr]),
  );
}

/** The expressions of the alerts without their thresholds, which are not reached here. */
function queriesOfAlerts(): [name: string, query: string][] {
  const text = readFileSync(join(folder, 'alerts.yml'), 'utf8');
  return [...text.matchAll(/- alert: (\w+)\n\s+expr: \|\n((?: {10}.*\n)+)/g)].map(([, name = '', lines = '']) => {
    const query = lines.trim().replace(/ > [\d.]+$/, '');
    expect(query).not.toBe(lines.trim());
    return [name, query];
  });
}

/** As Grafana substitutes it, for one job. */
function filledIn(expression: string, job: string): string {
  return expression
    .replaceAll(/\$(?:system|destination)/g, '.*')
    .replaceAll(/\[[^\]]+\]/g, '[3s]')
    .replaceAll(/(mqtrace_\w+|messaging_\w+_total)\{/g, `$1{job="${job}", `)
    .replaceAll(/(mqtrace_\w+_total)(?=[[ ])/g, `$1{job="${job}"}`)
    .replaceAll('{__name__', `{job="${job}", __name__`);
}

const queries = [...queriesOfDashboard(), ...queriesOfAlerts()];

test('the dashboard and the alerts have queries', () => {
  expect(queriesOfDashboard().length).toBeGreaterThan(15);
  expect(queriesOfAlerts()).toHaveLength(5);
});

test.each(['without', 'with'])('every query returns data, %s units in the names', async (job) => {
  const empty: string[] = [];
  for (const [name, expression] of queries) {
    const samples = await query(at, filledIn(expression, job));
    if (!samples.some(({ value }) => Number.isFinite(value))) empty.push(name);
  }
  expect(empty).toEqual([]);
});

test('Prometheus has the values of the traffic', async () => {
  const value = async (expression: string): Promise<number> => {
    const samples = await query(at, expression);
    expect([expression, samples.length]).toEqual([expression, 1]);
    return samples[0]!.value;
  };
  const of = (name: string): string => `{job="without", messaging_destination_name="${name}"}`;
  expect(await value(`mqtrace_consumer_lag${of(names.topic)}`)).toBeGreaterThan(0);
  expect(await value(`mqtrace_consumer_lag${of(names.stream)}`)).toBeGreaterThan(0);
  const failed = `{job="without", messaging_destination_name="${names.stream}", error_type="RangeError"}`;
  const processed = await value(`sum(messaging_process_duration_count${of(names.stream)})`);
  expect(Math.abs((await value(`messaging_process_duration_count${failed}`)) / processed - 0.5)).toBeLessThan(0.1);
  // Each message of the queue is redelivered by the dead-letter exchange.
  expect(await value(`mqtrace_messages_dead_lettered_total${of(names.queue)}`)).toBeGreaterThan(0);
  expect(
    await value(`mqtrace_delivery_attempts_sum${of(names.queue)} / mqtrace_delivery_attempts_count${of(names.queue)}`),
  ).toBe(2);
});

test('promtool accepts the alerts, and they fire when they should', async () => {
  const rules = join(folder, 'alerts.yml');
  expect(await promtool('check', 'rules', rules)).toContain('5 rules found');
  expect(await promtool('test', 'rules', join(folder, 'alerts.test.yml'))).toContain('SUCCESS');
});
