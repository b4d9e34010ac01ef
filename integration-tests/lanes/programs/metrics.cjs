// Reads the messaging metrics of the pipelines with OpenTelemetry's metrics SDK, and from the page that Prometheus
// scrapes.
const { PrometheusExporter } = require('@opentelemetry/exporter-prometheus');
const {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} = require('@opentelemetry/sdk-metrics');
const { mqtraceInstruments, mqtraceMetrics } = require('mqtrace/metrics');

const memory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const periodic = new PeriodicExportingMetricReader({
  exporter: memory,
  exportIntervalMillis: 3_600_000,
  metricProducers: [mqtraceMetrics()],
});
const page = new PrometheusExporter({ preventServerStart: true, metricProducers: [mqtraceMetrics()] });
const provider = new MeterProvider({ readers: [periodic, page] });
// With a metric producer, the instruments report nothing, so that no metric is reported twice.
provider.getMeter('application').createCounter('orders').add(1);
const instruments = mqtraceInstruments({ meterProvider: provider });

/** The exporter's response to a request. */
const scrape = () =>
  new Promise((resolve) => {
    const response = { setHeader() {}, end: resolve };
    page.getMetricsRequestHandler({ url: '/metrics' }, response);
  });

async function main() {
  const result = await require('./entry.cjs')();
  const text = await scrape();
  for (const system of ['kafka', 'rabbitmq', 'redis']) {
    for (const name of [
      'messaging_client_sent_messages_total',
      'messaging_process_duration_count',
      'mqtrace_message_age_sum',
    ]) {
      const line = new RegExp(`^${name}\\{.*messaging_system_name="${system}".*\\} \\S+$`, 'm');
      if (!line.test(text)) throw new Error(`no ${name} of ${system} in:\n${text}`);
    }
  }
  await provider.forceFlush();
  const names = memory
    .getMetrics()
    .flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics.map(({ descriptor }) => descriptor.name)),
    );
  if (!names.includes('orders')) throw new Error(`the application's own metric is missing: ${names.join()}`);
  if (names.filter((name) => name === 'messaging.client.sent.messages').length !== 1)
    throw new Error(`not once: ${names.join()}`);
  instruments.remove();
  await provider.shutdown();
  return result;
}

main().then(
  (result) => {
    console.log(result);
    process.exit();
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
