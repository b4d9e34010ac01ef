// How a call ended, so that two calls can be compared.
import type { ReceiveShape } from './subject.ts';

/** How a call ended: what came back at once, and what it came to. */
export interface Outcome {
  /** What the call returned or threw at once: `promise`, or the type of what it gave. */
  readonly atOnce: string;
  readonly result?: unknown;
  readonly error?: string;
}

/** Makes the call and waits for its end. */
export async function outcome(call: () => unknown, comparable: (result: unknown) => unknown): Promise<Outcome> {
  let given: unknown;
  try {
    given = call();
  } catch (error) {
    return { atOnce: 'throws', error: String(error) };
  }
  const isPromise = typeof (given as PromiseLike<unknown> | null | undefined)?.then === 'function';
  const atOnce = isPromise ? `promise (${(given as object).constructor.name})` : typeof given;
  try {
    return { atOnce, result: comparable(await given) };
  } catch (error) {
    return { atOnce, error: String(error) };
  }
}

/** The headers that tracing writes, apart from the application's. */
export function traceHeaders(headers: Readonly<Record<string, string>>): {
  ours: Record<string, string>;
  others: Record<string, string>;
} {
  const ours: Record<string, string> = {};
  const others: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isOurs = ['traceparent', 'tracestate', 'baggage'].includes(name) || name.startsWith('mqtrace-');
    (isOurs ? ours : others)[name] = value;
  }
  return { ours, others };
}

/** Receives until `count` messages were handled, and stops. */
export async function collect(
  shape: ReceiveShape,
  destination: string,
  count: number,
  handler: (body: string) => unknown,
): Promise<void> {
  let handled = 0;
  let done!: () => void;
  const all = new Promise<void>((resolve) => (done = resolve));
  const receiving = await shape.start(destination, async (body) => {
    try {
      return await handler(body);
    } finally {
      if (++handled === count) done();
    }
  });
  await all;
  await receiving.stop();
}
