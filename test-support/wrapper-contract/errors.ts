// Tests invalid calls, and promises whose rejection is not handled.
import { expect, it } from 'vitest';
import { type Bench, eventually } from './bench.ts';
import { outcome, outcomes, unhandledRejections } from './outcome.ts';
import type { ContractOptions, Session } from './subject.ts';

export function describeErrors(bench: Bench): void {
  const { recording, subject } = bench;
  const { normalize } = subject;
  const options: ContractOptions = { tracerProvider: recording.tracerProvider };

  /** Uses a separate session, because some invalid calls make brokers close the channel. */
  const inSession = async <T>(
    given: ContractOptions | undefined,
    use: (session: Session, destination: string) => Promise<T>,
  ): Promise<T> => {
    const session = await subject.open(given);
    const found = await use(session, await bench.observer.newDestination());
    // A client that the broker is disconnecting may never answer.
    await Promise.race([session.close().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 300))]);
    return found;
  };

  it('invalid calls throw or reject with the errors of the raw client', async () => {
    const run = (given: ContractOptions | undefined): Promise<unknown> =>
      inSession(given, (session, destination) => outcomes(session.invalidCalls(destination), normalize, destination));
    expect(await run(options)).toEqual(await run(undefined));
    expect(recording.open()).toEqual([]);
  });

  it('invalid calls leave the unhandled rejections of the raw client, and none if they are handled', async () => {
    /** A session for each call: the broker's replies to several calls could not be told apart. */
    const run = async (given: ContractOptions | undefined): Promise<unknown> => {
      const found: Record<string, { handled: string[]; ignored: string[] }> = {};
      for (const name of Object.keys(bench.raw.invalidCalls(''))) {
        const use = (how: (call: () => unknown, seen: readonly string[]) => Promise<void>): Promise<string[]> =>
          inSession(given, async (session, destination) => {
            const reasons = await unhandledRejections((seen) => how(session.invalidCalls(destination)[name]!, seen));
            return reasons.map((reason) => reason.replaceAll(destination, 'DESTINATION'));
          });
        let rejects = false;
        const handled = await use(async (call) => {
          const { returned, error } = await outcome(call, normalize);
          rejects = returned !== 'throws' && error !== undefined;
        });
        const ignored = await use(async (call, seen) => {
          ignoreResult(call);
          // No handler may be attached to the promise.
          if (rejects) await eventually(() => expect(seen).not.toEqual([]));
        });
        found[name] = { handled, ignored };
      }
      return found;
    };
    expect(await run(options)).toEqual(await run(undefined));
  });
}

function ignoreResult(call: () => unknown): void {
  try {
    call();
  } catch {
    // A synchronous error leaves no promise.
  }
}
