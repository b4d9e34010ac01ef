// Shared code of the contract's tests: a raw and a wrapped session, and helpers to use them.
import { vi } from 'vitest';
import { type Recording, recordSpans } from '../spans.ts';
import type { Outcome } from './outcome.ts';
import { outcome } from './outcome.ts';
import type { Observer, ReceiveShape, SendShape, Session, ShapeNames, WrapperSubject } from './subject.ts';

/** The headers that tracing writes, apart from the application's. */
export function splitHeaders(headers: Readonly<Record<string, string>>): {
  trace: Record<string, string>;
  others: Record<string, string>;
} {
  const trace: Record<string, string> = {};
  const others: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const isOurs = ['traceparent', 'tracestate', 'baggage'].includes(name) || name.startsWith('mqtrace-');
    (isOurs ? trace : others)[name] = value;
  }
  return { trace, others };
}

/** Waits until a check passes, with a short interval: most conditions are true within milliseconds. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 20_000, interval: 5 });
}

/** A promise and the function that resolves it. */
export function signal(): { given: Promise<void>; give: () => void } {
  let give!: () => void;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

/** The sessions of one contract, and the operations of its tests. */
export class Bench {
  readonly subject: WrapperSubject;
  readonly shapes: ShapeNames;
  readonly recording: Recording = recordSpans();
  raw!: Session;
  wrapped!: Session;
  observer!: Observer;

  constructor(subject: WrapperSubject, shapes: ShapeNames) {
    this.subject = subject;
    this.shapes = shapes;
  }

  async open(): Promise<void> {
    this.observer = await this.subject.observe();
    this.raw = await this.subject.open(undefined);
    this.wrapped = await this.openWrapped();
  }

  async close(): Promise<void> {
    await this.raw?.close();
    await this.wrapped?.close();
    await this.observer?.close();
  }

  openWrapped(options: object = {}): Promise<Session> {
    return this.subject.open({ tracerProvider: this.recording.tracerProvider, ...options });
  }

  /** The representative shapes, for tests in which the shape makes no difference. */
  get firstSend(): string {
    return this.shapes.sends[0]!;
  }

  get firstReceive(): string {
    return this.shapes.receives[0]!;
  }

  /** Sends one message for each body, with the first shape. */
  async send(session: Session, destination: string, ...bodies: string[]): Promise<void> {
    const send = session.sends[this.firstSend]!;
    for (const body of bodies) await send.call(send.input(destination, [body]));
  }

  bodies({ messagesPerCall }: SendShape, prefix = 'body'): string[] {
    return Array.from({ length: messagesPerCall }, (_, index) => `${prefix} ${index}`);
  }

  /** Makes one call of a shape. */
  sendOutcome(session: Session, shape: string, destination: string): Promise<Outcome> {
    const send = session.sends[shape]!;
    return outcome(() => send.call(send.input(destination, this.bodies(send))), this.subject.normalize);
  }

  /** Names of the ended spans of one operation type. */
  operations(type: string): string[] {
    return this.recording
      .spans()
      .filter(({ attributes }) => attributes['messaging.operation.type'] === type)
      .map(({ name }) => name);
  }
}

/** Receives until `count` messages were handled, and stops. */
export async function collect(
  shape: ReceiveShape,
  destination: string,
  count: number,
  handler: (body: string) => unknown,
): Promise<void> {
  let handled = 0;
  const all = signal();
  const receiving = await shape.start(destination, async (body) => {
    try {
      return await handler(body);
    } finally {
      if (++handled === count) all.give();
    }
  });
  await all.given;
  await receiving.stop();
}
