// Handles clients that are traced twice: wrapped explicitly, and patched by OpenTelemetry's auto-instrumentation. Explicit wrapping
// takes precedence: the patched part of a send or settlement runs with tracing suppressed. The patched part of a consumer cannot be
// suppressed, because the application's handler runs inside it; one warning names the instrumentation to disable.
import { type Context, createContextKey } from '@opentelemetry/api';
import { activeContext, runInContext } from '../common/active-context.ts';
import { suppressionKey } from '../common/suppression.ts';
import { warn } from '../common/warnings.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- stands for a client's method of any signature
export type Method = (this: any, ...args: any[]) => unknown;

/** Whether a call is traced by mqtrace, by the method's name. `connect`, which a first command may imply, is not. */
const quietCalls: Readonly<Record<string, (client: unknown, args: readonly unknown[]) => boolean>> = Object.fromEntries(
  [
    ...['send', 'sendBatch', 'transaction', 'sendOffsets', 'commit', 'abort', 'commitOffsets'].map(always),
    ...['publish', 'ack', 'ackAll', 'nack', 'nackAll', 'reject'].map(always),
    [
      'sendCommand',
      (client: { status?: unknown }, [command]: [unknown]) => client.status !== 'wait' && isStreamCommand(command),
    ],
  ],
) as never;

const consumers: Readonly<Record<string, string>> = {
  run: '@opentelemetry/instrumentation-kafkajs',
  consume: '@opentelemetry/instrumentation-amqplib',
};

const streamCommands = new Set(['xadd', 'xread', 'xreadgroup', 'xclaim', 'xautoclaim', 'xack']);
const warned = new Set<string>();
/** Objects whose methods are patched without being marked. */
const patched = new WeakSet<object>();

function always(name: string): [string, () => boolean] {
  return [name, () => true];
}

function isStreamCommand(command: unknown): boolean {
  const name = (command as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' && streamCommands.has(name.toLowerCase());
}

/** Whether an instrumentation has patched a method. All of OpenTelemetry's instrumentations use `shimmer`, which marks it. */
export function isAutoInstrumented(target: object, name: string): boolean {
  return isPatched((target as Record<string, unknown>)[name]);
}

/** Whether a function is the patch of an instrumentation. */
export function isPatched(method: unknown): boolean {
  return typeof method === 'function' && '__wrapped' in method && method.__wrapped === true;
}

/** Warns, once for each kind of client, that the instrumentation that has patched it traces it. */
export function stepAside(client: string): void {
  if (warned.has(client)) return;
  warned.add(client);
  warn(
    `${client} is traced by another instrumentation in this process, as by @opentelemetry/instrumentation-${client}; ` +
      'mqtrace/register does not trace its clients. Disable the other one, or wrap the client explicitly',
  );
}

/** Records that the methods of an object are patched, if the patch does not mark them. */
export function markAutoInstrumented(target: object): void {
  patched.add(target);
}

/** The method to call instead of the client's, which runs the patch of an instrumentation with tracing suppressed. */
export function suppressedMethod(target: object, name: string, raw: Method): Method {
  if (!isAutoInstrumented(target, name) && !patched.has(target)) return raw;
  const instrumentation = consumers[name];
  if (instrumentation !== undefined) warnOnce(instrumentation);
  const isQuiet = quietCalls[name];
  if (isQuiet === undefined) return raw;
  return function (this: unknown, ...args: unknown[]): unknown {
    return isQuiet(this, args) ? callQuietly(() => raw.apply(this, args)) : raw.apply(this, args);
  };
}

function warnOnce(instrumentation: string): void {
  if (warned.has(instrumentation)) return;
  warned.add(instrumentation);
  warn(
    `${instrumentation} is active on a consumer that mqtrace traces, so each message has two process spans; ` +
      `disable that instrumentation: getNodeAutoInstrumentations({ '${instrumentation}': { enabled: false } })`,
  );
}

/**
 * Suppresses tracing for the synchronous part of a call, in which a patch starts its span. Asynchronous code, such as the
 * application's partitioner or callback, has its normal context.
 */
function callQuietly<R>(call: () => R): R {
  const state = { quiet: true };
  try {
    return runInContext(new QuietContext(activeContext(), state), call);
  } finally {
    state.quiet = false;
  }
}

/** The API's key: keys with the same description are the same key. */
const spanKey = createContextKey('OpenTelemetry Context Key SPAN');

/** A context in which tracing is suppressed while `state` is set. */
class QuietContext implements Context {
  readonly #inner: Context;
  readonly #state: { quiet: boolean };

  constructor(inner: Context, state: { quiet: boolean }) {
    this.#inner = inner;
    this.#state = state;
  }

  getValue(key: symbol): unknown {
    return key === suppressionKey && this.#state.quiet ? true : this.#inner.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    // The patch would make its own, invalid span active, also for asynchronous code.
    if (key === spanKey && this.#state.quiet) return this;
    return new QuietContext(this.#inner.setValue(key, value), this.#state);
  }

  deleteValue(key: symbol): Context {
    return new QuietContext(this.#inner.deleteValue(key), this.#state);
  }
}
