// Implements the `pipelines` option: which origin is sent, and how the origin of a received message is reported.
import { type Attributes, type Context, type TextMapPropagator, trace } from '@opentelemetry/api';
import { checkNames, isRecord } from '../common/check-options.ts';
import { describe, invalidOption } from '../common/errors.ts';
import { answered, reportFault } from '../common/faults.ts';
import { isSampled } from '../common/is-sampled.ts';
import { warn } from '../common/warnings.ts';
import { fastExtractFor } from '../propagation/current-propagator.ts';
import {
  isPipelineName,
  nextHop,
  originOf,
  type PipelineOrigin,
  withOrigin,
  withOriginInTraceState,
} from '../propagation/pipeline-origin.ts';
import { WrittenOrigin } from '../propagation/written-origin.ts';
import { ATTR_PIPELINE_AGE, ATTR_PIPELINE_HOPS, ATTR_PIPELINE_NAME } from './semconv.ts';

/** Options of end-to-end pipelines. */
export interface PipelineOptions {
  /**
   * The name of pipelines that start here, with the first message sent by this client. 1 to 48 letters, digits, `_`, `.` or `-`;
   * for all destinations, or by destination name. Default: no name.
   */
  name?: string | ((destination: string) => string | undefined) | undefined;
  /**
   * Names that are accepted in received messages; others are reported as `_OTHER`, because any sender can write a name. Default:
   * `name`, if it is a string.
   */
  names?: readonly string[] | undefined;
}

/** The pipeline of a received message. */
export interface PipelineAge {
  /** Seconds since the first message of the pipeline was sent; not less than 0 if clocks differ. */
  readonly seconds: number;
  readonly hops: number;
  /** Undefined if the pipeline has no name. */
  readonly name: string | undefined;
}

const nameExpected = '1 to 48 letters, digits, _, . or -';
const other = '_OTHER';
/** An origin further in the past or the future is invalid. */
const maxAgeMs = 30 * 24 * 60 * 60 * 1000;
const maxSkewMs = 24 * 60 * 60 * 1000;

/** The propagators for which a warning was logged: one warning for each. */
const warned = new WeakSet();

/** The pipelines of one wrapped client. @internal */
export class PipelinePolicy {
  readonly #name: PipelineOptions['name'];
  readonly #believed: ReadonlySet<string>;
  readonly #propagator: TextMapPropagator;
  #last: WrittenOrigin | undefined;

  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(where: string, given: true | PipelineOptions, propagator: TextMapPropagator) {
    const options = check(where, given);
    this.#name = options.name;
    this.#believed = new Set(options.names ?? (typeof options.name === 'string' ? [options.name] : []));
    this.#propagator = propagator;
  }

  /** Whether the name of a pipeline depends on where its first message is sent. */
  get namesByDestination(): boolean {
    return typeof this.#name === 'function';
  }

  /** The context for sending a message, with the origin in its trace state. */
  toSend(context: Context, destination: string | undefined): Context {
    if (!this.#isCarried()) return context;
    const now = Date.now();
    if (this.#last?.isFor(context, now) === true) return this.#last.written;
    const received = current(originOf(context), now);
    const origin = received ?? { startMs: now, hops: 0, name: this.#nameFor(destination) };
    const written = withOriginInTraceState(context, nextHop(origin));
    const spanContext = trace.getSpanContext(context);
    // Each sampled message has a context of its own.
    if (spanContext !== undefined && !isSampled(spanContext) && !this.namesByDestination) {
      const { startMs } = origin;
      const [from, to] = received === undefined ? [now, now] : [startMs - maxSkewMs, startMs + maxAgeMs];
      this.#last = new WrittenOrigin(context, spanContext, written, from, to);
    }
    return written;
  }

  /** `detached` with the origin of `received`, whose trace it does not continue. */
  keep(received: Context, detached: Context): Context {
    const origin = current(originOf(received), Date.now());
    return origin === undefined ? detached : withOrigin(detached, origin);
  }

  /** Undefined for a message without an origin, or with an invalid one. */
  ageOf(context: Context): PipelineAge | undefined {
    const now = Date.now();
    const origin = current(originOf(context), now);
    if (origin === undefined) return undefined;
    const { name, hops, startMs } = origin;
    const believed = name === undefined || this.#believed.has(name) ? name : other;
    return { seconds: Math.max(0, now - startMs) / 1000, hops, name: believed };
  }

  /** The attributes for a process span. */
  attributes(context: Context): Attributes | undefined {
    const age = this.ageOf(context);
    if (age === undefined) return undefined;
    return { [ATTR_PIPELINE_AGE]: age.seconds, [ATTR_PIPELINE_HOPS]: age.hops, [ATTR_PIPELINE_NAME]: age.name };
  }

  #nameFor(destination: string | undefined): string | undefined {
    if (typeof this.#name !== 'function') return this.#name;
    try {
      const name: unknown = answered(this.#name(destination ?? ''));
      if (name === undefined || isPipelineName(name)) return name;
      throw new TypeError(`it returned ${describe(name)}, expected ${nameExpected}`);
    } catch (error) {
      reportFault('the pipelines option', error);
      return undefined;
    }
  }

  /** Only W3C propagators are known to write and read `tracestate`. */
  #isCarried(): boolean {
    if (fastExtractFor(this.#propagator) !== undefined) return true;
    if (!warned.has(this.#propagator)) {
      warned.add(this.#propagator);
      warn(
        'pipelines are off: the propagator is neither that of mqtrace nor the W3C composite of OpenTelemetry; ' +
          "wrap clients with { propagator: 'mqtrace' }, or register one of these",
      );
    }
    return false;
  }
}

/** The origin, if it is plausible. */
function current(origin: PipelineOrigin | undefined, now: number): PipelineOrigin | undefined {
  if (origin === undefined) return undefined;
  const age = now - origin.startMs;
  return age <= maxAgeMs && age >= -maxSkewMs ? origin : undefined;
}

function check(where: string, given: unknown): PipelineOptions {
  if (given === true) return {};
  if (!isRecord(given)) throw invalidOption(where, given, 'true, or an object of name and names');
  checkNames(where, given, ['name', 'names']);
  const { name, names } = given;
  if (name !== undefined && typeof name !== 'function' && !isPipelineName(name)) {
    throw invalidOption(`${where}.name`, name, `${nameExpected}, or a function of the destination`);
  }
  if (names !== undefined && !(Array.isArray(names) && names.every((item) => isPipelineName(item)))) {
    throw invalidOption(`${where}.names`, names, `an array of names of ${nameExpected}`);
  }
  return given;
}
