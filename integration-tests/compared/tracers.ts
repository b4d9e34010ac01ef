// The compared tracers: what each is called in docs/compared.md, and which packages it is made of.

/** A compared tracer. */
export interface Tracer {
  readonly title: string;
  /**
   * Packages with exact versions, which the command installs into a folder of its own. Without, the development
   * dependencies are asked.
   */
  readonly packages?: Readonly<Record<string, string>>;
  /** The version of Node.js that runs it. Default: the one that runs the command. */
  readonly node?: string;
}

/** The name of a compared tracer: that of its set-up in the folder `set-up`. */
export type TracerName =
  | 'mqtrace'
  | 'opentelemetry'
  | 'opentelemetry-newest'
  | 'community'
  | 'sentry'
  | 'datadog'
  | 'newrelic'
  | 'elastic'
  | 'instana';

/** The version of Node.js that runs those of which the newest version needs one. */
const node = '24.21.0';

/** In the order of the page. */
export const tracers: Readonly<Record<TracerName, Tracer>> = {
  mqtrace: { title: 'mqtrace' },
  opentelemetry: { title: 'OpenTelemetry, SDK 2' },
  'opentelemetry-newest': {
    title: 'OpenTelemetry',
    packages: {
      '@opentelemetry/api': '1.10.0',
      '@opentelemetry/sdk-trace': '3.1.1',
      '@opentelemetry/sdk-metrics': '3.1.1',
      '@opentelemetry/core': '3.1.1',
      '@opentelemetry/context-async-hooks': '3.1.1',
      '@opentelemetry/exporter-trace-otlp-proto': '0.301.0',
      '@opentelemetry/instrumentation-kafkajs': '0.33.0',
      '@opentelemetry/instrumentation-amqplib': '0.71.0',
      '@opentelemetry/instrumentation-ioredis': '0.72.0',
      'bullmq-otel': '2.0.1',
    },
    node,
  },
  community: {
    title: 'Community',
    packages: {
      '@opentelemetry/api': '1.9.1',
      'opentelemetry-instrumentation-kafkajs': '0.41.0',
      'opentelemetry-instrumentation-amqplib': '0.27.1',
      '@appsignal/opentelemetry-instrumentation-bullmq': '0.9.0',
      // The newest that the last one knows.
      bullmq: '5.81.5',
    },
  },
  sentry: { title: 'Sentry', packages: { '@sentry/node': '11.12.0' }, node },
  datadog: { title: 'Datadog', packages: { 'dd-trace': '6.21.0' }, node },
  newrelic: { title: 'New Relic', packages: { newrelic: '14.5.1' }, node },
  elastic: { title: 'Elastic', packages: { 'elastic-apm-node': '4.18.0' }, node },
  instana: { title: 'Instana', packages: { '@instana/collector': '5.5.0' }, node },
};

/** The names of the compared tracers. */
export const tracerNames = Object.keys(tracers) as TracerName[];

/** The development dependencies that were asked: the clients, and the instrumentations of OpenTelemetry. */
export const ownPackages: { readonly [name in 'mqtrace' | 'opentelemetry']: readonly string[] } = {
  mqtrace: [
    'kafkajs',
    'amqplib',
    'ioredis',
    'bullmq',
    'amqp-connection-manager',
    'rascal',
    'rabbitmq-client',
    '@cloudamqp/amqp-client',
  ],
  opentelemetry: [
    '@opentelemetry/instrumentation-kafkajs',
    '@opentelemetry/instrumentation-amqplib',
    '@opentelemetry/instrumentation-ioredis',
    'bullmq-otel',
  ],
};
