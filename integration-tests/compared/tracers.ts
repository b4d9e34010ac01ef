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
export type TracerName = 'mqtrace' | 'opentelemetry' | 'sentry' | 'datadog';

/** In the order of the page. */
export const tracers: Readonly<Record<TracerName, Tracer>> = {
  mqtrace: { title: 'mqtrace' },
  opentelemetry: { title: 'OpenTelemetry' },
  sentry: { title: 'Sentry', packages: { '@sentry/node': '10.78.0', amqplib: '1.2.0' } },
  datadog: { title: 'Datadog', packages: { 'dd-trace': '5.132.0' } },
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
