/** A destination that has never answered is not waited for longer, whatever a flush or a shutdown allows. */
const firstAnswerMs = 5000;

/** What a {@link drain} waits for. @internal */
export interface Drainable {
  /** Closes the batch that is being filled; settles when everything is known that has to be known before it is sent. */
  prepare(): Promise<unknown>;
  /** Sends what there is, and tries again what failed. Returns the number that all batches to be waited for are below. */
  begin(): number;
  /** Whether a batch with a number below this one is still here. */
  hasBefore(sequence: number): boolean;
  /** Whether the receiver has ever answered. */
  readonly answered: boolean;
  /** Whether waiting is of no use, because the receiver speaks another protocol. */
  readonly hopeless: boolean;
  /** Called whenever something may have changed. */
  readonly waiting: Set<() => void>;
}

/** Sends everything that has ended so far and waits for it, for so many milliseconds at most. @internal */
export async function drain(destination: Drainable, timeoutMs: number): Promise<void> {
  let late = false;
  let wake: (() => void) | undefined;
  const giveUp = (): void => {
    late = true;
    wake?.();
  };
  // Not unref'd: a program that awaits a flush at its end has to wait.
  const timer = setTimeout(giveUp, timeoutMs);
  const firstAnswer = setTimeout(() => {
    if (!destination.answered) giveUp();
  }, firstAnswerMs);
  const deadline = new Promise<void>((resolve) => {
    wake = resolve;
  });
  await Promise.race([destination.prepare(), deadline]);
  const mark = destination.begin();
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (!late && !destination.hopeless && destination.hasBefore(mark)) return;
      destination.waiting.delete(check);
      resolve();
    };
    wake = check;
    destination.waiting.add(check);
    check();
  });
  clearTimeout(timer);
  clearTimeout(firstAnswer);
}
