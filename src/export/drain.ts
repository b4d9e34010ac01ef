// Waits until the spans of one destination are delivered.
/** The longest wait for a destination that has never responded, for any timeout of a flush or a shutdown. */
const firstAnswerMs = 5000;

/** The queue that a {@link drain} waits for. @internal */
export interface Drainable {
  /** Closes the open batch; resolves when the batch is ready to be sent; undefined if it is. */
  prepare(): Promise<unknown> | undefined;
  /** Sends all batches, including failed ones. Returns the sequence number below which batches have to be waited for. */
  begin(): number;
  /** Whether a batch with a lower sequence number is still undelivered. */
  hasBefore(sequence: number): boolean;
  /** Whether the receiver has ever responded. */
  readonly answered: boolean;
  /** Whether waiting is useless, because the receiver uses another protocol. */
  readonly hopeless: boolean;
  /** Called whenever the state may have changed. */
  readonly waiting: Set<() => void>;
}

/**
 * Sends all spans that have ended so far and waits for their delivery, up to a timeout in milliseconds. Resolves with the sequence
 * number below which batches had to be waited for.
 *
 * @internal
 */
export async function drain(destination: Drainable, timeoutMs: number): Promise<number> {
  let late = false;
  let wake: (() => void) | undefined;
  const giveUp = (): void => {
    late = true;
    wake?.();
  };
  // Not unref'd, because a program that awaits a flush at its end has to wait.
  const timer = setTimeout(giveUp, timeoutMs);
  const firstAnswer = setTimeout(() => {
    if (!destination.answered) giveUp();
  }, firstAnswerMs);
  const deadline = new Promise<void>((resolve) => {
    wake = resolve;
  });
  // Spans that end later belong to later batches: where nothing is to be waited for, these are told apart before any other code runs.
  const prepared = destination.prepare();
  if (prepared !== undefined) await Promise.race([prepared, deadline]);
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
  return mark;
}
