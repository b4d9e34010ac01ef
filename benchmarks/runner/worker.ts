// A process in which one variant is measured.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

interface Answer {
  readonly ready?: boolean;
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** A child process that runs one operation at a time, on request (clients/answer.js is the other side). */
export class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #calls = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id ?? -1);
      this.#waiting.delete(id ?? -1);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
    });
    child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the worker ended: ${signal ?? `code ${code}`}`));
    });
  }

  /**
   * Starts a program of a folder beside this one, and waits until it is ready.
   *
   * @param node - the executable of Node.js. Default: the one that runs.
   */
  static async start(program: string, args: readonly string[], node: string = process.execPath): Promise<Worker> {
    const child = fork(fileURLToPath(new URL(`../${program}`, import.meta.url)), args, {
      execPath: node,
      // The largest size from the start on, so that counting allocated bytes meets no collection.
      execArgv: ['--expose-gc', '--min-semi-space-size=16'],
      env: { ...process.env, KAFKAJS_NO_PARTITIONER_WARNING: '1' },
    });
    const worker = new Worker(child);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${program} ${args.join(' ')} ended with code ${code} before it was ready`);
    });
    // Settles at the end of every worker, when nothing waits for it any more.
    ended.catch(() => undefined);
    await Promise.race([once(child, 'message'), ended]);
    return worker;
  }

  call<T>(operation: string, ...args: readonly unknown[]): Promise<T> {
    const id = this.#calls++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#child.send({ id, operation, args });
    });
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Starts the receiver of exports. */
export async function startSink(): Promise<{ url: string; stop: () => void }> {
  const child = fork(fileURLToPath(new URL('../clients/sink.js', import.meta.url)), [], { execArgv: [] });
  const [{ url }] = (await once(child, 'message')) as [{ url: string }];
  return { url, stop: () => child.disconnect() };
}
