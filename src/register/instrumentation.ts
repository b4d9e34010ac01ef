// `mqtrace/instrumentation`: the wrappers as OpenTelemetry instrumentations, for `registerInstrumentations` and NodeSDK.
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { TraceAmqplibOptions } from '../amqplib/index.ts';
import type { TraceBullmqOptions } from '../bullmq/index.ts';
import { checkBoolean, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { version } from '../common/version.ts';
import type { TraceRedisOptions } from '../ioredis/index.ts';
import type { TraceKafkaOptions } from '../kafkajs/index.ts';
import { checkClientOptions } from './client-options.ts';
import { type ClientName, type ClientOptions, switchOn } from './clients.ts';

/** The options of every instrumentation, in addition to those of its wrapper. */
export interface InstrumentationConfig {
  /** Whether clients are traced as soon as the instrumentation is constructed. Default true. */
  enabled?: boolean;
}

/**
 * Implements OpenTelemetry's interface `Instrumentation` structurally: the package that declares it is not needed.
 *
 * It traces the clients that are created while it is enabled. They stay traced after it is disabled.
 */
abstract class ClientInstrumentation<Name extends ClientName> {
  readonly instrumentationName: string;
  readonly instrumentationVersion: string = version;
  readonly #client: Name;
  #config: InstrumentationConfig & ClientOptions[Name];
  #tracerProvider: TracerProvider | undefined;
  #switchOff: (() => void) | undefined;

  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(client: Name, config: InstrumentationConfig & ClientOptions[Name]) {
    this.#client = client;
    this.instrumentationName = `mqtrace/${client}`;
    this.#config = this.#checked(config);
    // registerInstrumentations() enables only instrumentations that were created with `enabled: false`.
    if (this.#config.enabled === true) this.enable();
  }

  /** Traces the clients that are created from now on. */
  enable(): void {
    this.#switchOff?.();
    const { enabled: _, ...options } = this.#config;
    const provider = this.#tracerProvider ?? options.tracerProvider;
    this.#switchOff = switchOn(this.#client, {
      ...(options as ClientOptions[Name]),
      ...(provider !== undefined && { tracerProvider: provider }),
    });
  }

  /** Does not trace the clients that are created from now on. */
  disable(): void {
    this.#switchOff?.();
    this.#switchOff = undefined;
  }

  /** Sets the provider for the clients that are created from now on. Default: the registered provider. */
  setTracerProvider(tracerProvider: TracerProvider): void {
    this.#tracerProvider = tracerProvider;
    this.#renew();
  }

  /** Has no effect: messages are counted and timed for `mqtraceMetrics()` of `mqtrace/metrics`, and for `startTracing({ metrics })`. */
  setMeterProvider(_meterProvider: MeterProvider): void {}

  /**
   * Replaces the options of the clients that are created from now on. `enabled` is stored, but does not enable or disable.
   *
   * @throws MqtraceError `INVALID_OPTION`
   */
  setConfig(config: InstrumentationConfig & ClientOptions[Name]): void {
    this.#config = this.#checked(config);
    this.#renew();
  }

  /** The options, including `enabled` as given. */
  getConfig(): InstrumentationConfig & ClientOptions[Name] {
    return this.#config;
  }

  #renew(): void {
    if (this.#switchOff !== undefined) this.enable();
  }

  #checked(config: unknown): InstrumentationConfig & ClientOptions[Name] {
    const where = this.constructor.name;
    if (!isRecord(config)) throw invalidOption(`${where} config`, config, 'an object');
    const { enabled = true, ...options } = config;
    checkBoolean(enabled, `${where}({ enabled })`);
    checkClientOptions(where, this.#client, options as ClientOptions[Name]);
    return { ...(options as ClientOptions[Name]), enabled: enabled as boolean };
  }
}

/** Traces kafkajs as `traceKafka` does, as a replacement for `@opentelemetry/instrumentation-kafkajs`. */
export class KafkaJsInstrumentation extends ClientInstrumentation<'kafkajs'> {
  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(config: InstrumentationConfig & TraceKafkaOptions = {}) {
    super('kafkajs', config);
  }
}

/**
 * Traces amqplib as `traceConnection` does, as a replacement for `@opentelemetry/instrumentation-amqplib`. Messages of rascal and of
 * amqp-connection-manager are published in the context of their call.
 */
export class AmqplibInstrumentation extends ClientInstrumentation<'amqplib'> {
  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(config: InstrumentationConfig & TraceAmqplibOptions = {}) {
    super('amqplib', config);
  }
}

/** Traces ioredis as `traceRedis` does, as a replacement for `@opentelemetry/instrumentation-ioredis`. */
export class IORedisInstrumentation extends ClientInstrumentation<'ioredis'> {
  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(config: InstrumentationConfig & TraceRedisOptions = {}) {
    super('ioredis', config);
  }
}

/**
 * Traces BullMQ as `bullmqTelemetry`, `traceWorker` and `traceFlowProducer` do, for queues, workers and flow producers without a
 * `telemetry` option.
 */
export class BullMQInstrumentation extends ClientInstrumentation<'bullmq'> {
  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(config: InstrumentationConfig & TraceBullmqOptions = {}) {
    super('bullmq', config);
  }
}

/** Traces rabbitmq-client as `traceRabbitClient` does. */
export class RabbitMQClientInstrumentation extends ClientInstrumentation<'rabbitmq-client'> {
  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(config: InstrumentationConfig & TraceAmqplibOptions = {}) {
    super('rabbitmq-client', config);
  }
}
