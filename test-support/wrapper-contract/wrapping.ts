// Tests that wrapped objects look unchanged, and wrapping twice or late.
import { inspect } from 'node:util';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { expect, it, vi } from 'vitest';
import { tolerateProblems } from '../conventions/watch.ts';
import { type Bench, collect, eventually } from './bench.ts';

export function describeWrapping(bench: Bench): void {
  const { recording, subject } = bench;
  const options = { tracerProvider: recording.tracerProvider };

  it('wrapped objects have the methods, keys and class of the raw ones, and look the same', async () => {
    const [raw, wrapped] = [await subject.open(undefined), await subject.open(options)];
    for (const [name, object] of Object.entries(wrapped.objects)) {
      const like = raw.objects[name]!;
      expect([name, ...Object.keys(object)]).toEqual([name, ...Object.keys(like)]);
      expect(Object.getPrototypeOf(object)).toBe(Object.getPrototypeOf(like));
      expect(object.constructor).toBe(like.constructor);
      expect(object instanceof like.constructor).toBe(like instanceof like.constructor);
      for (const key of Object.getOwnPropertyNames(object)) {
        const [own, other] = [Reflect.get(object, key) as unknown, Reflect.get(like, key) as unknown];
        if (typeof own !== 'function' || typeof other !== 'function') continue;
        expect([name, key, own.length, own.name]).toEqual([name, key, other.length, other.name]);
      }
      expect(printed(object)).toEqual(printed(like));
    }
    await raw.close();
    await wrapped.close();
  });

  it('a client is wrapped once, also when it is wrapped again by this copy of the package or another', async () => {
    vi.resetModules();
    const again = await subject.loadWrapper();
    const session = await subject.open(options);
    expect(again(session.root, options)).toBe(session.root);
    const destination = await bench.observer.newDestination();
    await bench.send(session, destination, '1');
    const handled: string[] = [];
    await collect(session.receives[bench.firstReceive]!, destination, 1, (body) => void handled.push(body));
    await session.close();
    expect(handled).toEqual(['1']);
    expect(bench.operations('send')).toHaveLength(1);
    expect(bench.operations('process')).toHaveLength(1);
  });

  it('a client that is wrapped after use continues to work, and a warning says what is not traced', async () => {
    const { late } = subject;
    // A client that is already connected reports its broker only with its next request.
    tolerateProblems(/server\.(address|port) must be set when the span starts/);
    const session = await subject.open(undefined);
    const destination = await bench.observer.newDestination();
    const handled: string[] = [];
    const receiving = await session.receives[bench.firstReceive]!.start(destination, (body) => {
      handled.push(body);
    });
    await bench.send(session, destination, 'early');
    await eventually(() => expect(handled).toEqual(['early']));
    const warn = vi.fn<(message: string) => void>();
    diag.setLogger({ warn, error: warn, info: warn, debug: warn, verbose: warn }, DiagLogLevel.WARN);
    vi.resetModules();
    await session.wrapLate(options);
    await bench.send(session, destination, 'late');
    await eventually(() => expect(handled).toEqual(['early', 'late']));
    await eventually(async () => expect(await bench.observer.unsettled(destination)).toBe(0));
    await receiving.stop();
    await session.close();
    diag.disable();
    const warnings = warn.mock.calls.map(([message]) => message);
    expect(warnings).toEqual(late.warning === undefined ? [] : [expect.stringMatching(late.warning)]);
    expect(bench.operations('send')).toHaveLength(late.sends ? 1 : 0);
    expect(bench.operations('process')).toHaveLength(late.receives ? 1 : 0);
    expect(recording.open()).toEqual([]);
  });
}

/**
 * JSON and inspect() of an object, without the parts that differ between sessions: numbers, names, and whether a
 * method is async.
 */
function printed(object: object): string[] {
  let json: string;
  try {
    json = JSON.stringify(object) ?? 'undefined';
  } catch (error) {
    json = String(error);
  }
  return [json, inspect(object, { depth: 0 })].map((text) =>
    text
      .replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'ID')
      .replaceAll(/\d+/g, 'N')
      .replaceAll('[AsyncFunction', '[Function'),
  );
}
