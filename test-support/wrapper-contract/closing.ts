// Tests open work when the client closes or the connection breaks.
import { describe, expect, it } from 'vitest';
import { type Bench, eventually, signal } from './bench.ts';
import { outcome } from './outcome.ts';
import type { ContractOptions, Session } from './subject.ts';

export function describeClosing(bench: Bench): void {
  const { recording, subject, shapes } = bench;
  const traced: ContractOptions = { tracerProvider: recording.tracerProvider };

  it.each(shapes.receives)('closing while a handler runs leaves no span open: %s', async (shape) => {
    const session = await subject.open(traced);
    const destination = await bench.observer.newDestination();
    await bench.send(session, destination, '1');
    const [begun, finish] = [signal(), signal()];
    const receiving = await session.receives[shape]!.start(destination, () => {
      begun.give();
      return finish.given;
    });
    await begun.given;
    // Not waited for: some clients never answer the close of a channel whose connection closes meanwhile.
    void receiving.stop().catch(() => {});
    const closed = session.close();
    // Some clients close only after the handler has ended.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 50))]);
    finish.give();
    await closed;
    await eventually(() => expect(recording.open()).toEqual([]));
  });

  describe.each([
    ['closing', (session: Session): unknown => session.close()],
    ['a cut connection', (session: Session): unknown => session.cut()],
  ])('%s with sends under way', (_, end) => {
    it.each(shapes.sends)('has the outcomes of the raw client, and leaves no span open: %s', async (shape) => {
      const run = async (options: ContractOptions | undefined): Promise<unknown> => {
        const session = await subject.open(options);
        const destination = await bench.observer.newDestination();
        const send = bench.sendOutcome(session, shape, destination);
        const ended = outcome(() => end(session), subject.normalize);
        const found = [await send, await ended, await bench.sendOutcome(session, shape, destination)];
        await session.close().catch(() => {});
        // Which error reports the lost connection is a race within the raw client.
        return found.map(({ returned, error }) => [returned, error === undefined ? 'succeeds' : 'fails']);
      };
      const found = await run(traced);
      await eventually(() => expect(recording.open()).toEqual([]));
      expect(found).toEqual(await run(undefined));
    });
  });

  it.each(shapes.receives)('a connection that is cut while a handler runs leaves no span open: %s', async (shape) => {
    const run = async (options: ContractOptions | undefined): Promise<unknown> => {
      const session = await subject.open(options);
      const destination = await bench.observer.newDestination();
      await bench.send(session, destination, '1');
      const [begun, finish] = [signal(), signal()];
      let calls = 0;
      const receiving = await session.receives[shape]!.start(destination, () => {
        calls++;
        begun.give();
        return finish.given;
      });
      await begun.given;
      await session.cut();
      finish.give();
      const stopped = await outcome(() => receiving.stop(), subject.normalize);
      await session.close().catch(() => {});
      return [calls, receiving.errors, stopped];
    };
    const found = await run(traced);
    await eventually(() => expect(recording.open()).toEqual([]));
    expect(found).toEqual(await run(undefined));
  });
}
