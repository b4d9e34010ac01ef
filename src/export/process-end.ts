// Calls the exporters when the process ends, in whatever way.
import { isMainThread } from 'node:worker_threads';
import { warn } from '../common/warnings.ts';

/** Spans lost when the process ends, by what kept them from the disk. @internal */
export interface LostAtEnd {
  noSpool: number;
  spoolFull: number;
  spoolFailed: number;
}

/** What has spans to save when the process ends. @internal */
export interface EndParticipant {
  /** Puts all it has on disk, or counts it as lost. Nothing comes after it. */
  onExit(): LostAtEnd;
  /**
   * Puts all it has on disk, if it can, and goes on. Returns the spans that would be lost if the process ended now, which it
   * will, as far as can be seen, if `last`.
   */
  onSignal(last: boolean): LostAtEnd;
  /** The event loop is empty. Called before the listeners of the application. */
  onLoopEmpty(): void;
  /** The event loop is empty, and all listeners have run: what is unsent may be sent now. */
  flushAtEnd(): void;
}

const signals = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof signals)[number];

const participants = new Set<EndParticipant>();
let installed = false;

/**
 * Registers a participant for the end of the process; returns a function that unregisters it. One set of listeners serves all. There is
 * none for 'uncaughtException': it would change what an error does. 'exit' comes after one all the same.
 *
 * @internal
 */
export function joinProcessEnd(participant: EndParticipant): () => void {
  participants.add(participant);
  if (!installed) install();
  return () => {
    participants.delete(participant);
    if (participants.size === 0) uninstall();
  };
}

function install(): void {
  installed = true;
  process.on('exit', onExit);
  process.prependListener('beforeExit', onBeforeExit);
  // A worker gets no signals.
  if (isMainThread) for (const signal of signals) listen(signal);
}

function uninstall(): void {
  installed = false;
  process.off('exit', onExit);
  process.off('beforeExit', onBeforeExit);
  for (const signal of signals) process.off(signal, onSignal);
}

/** First, so that a listener of the application that runs once is still there to be seen. */
function listen(signal: Signal): void {
  process.prependListener(signal, onSignal);
}

function sum(count: (participant: EndParticipant) => LostAtEnd): LostAtEnd {
  const total = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
  for (const participant of participants) addLost(total, count(participant));
  return total;
}

/** @internal */
export function addLost(total: LostAtEnd, more: LostAtEnd): void {
  total.noSpool += more.noSpool;
  total.spoolFull += more.spoolFull;
  total.spoolFailed += more.spoolFailed;
}

function report({ noSpool, spoolFull, spoolFailed }: LostAtEnd): void {
  const causes = [
    ...(noSpool > 0 ? ['a spool would keep them'] : []),
    ...(spoolFull > 0 ? ['the spool is full: raise spool.maxBytes'] : []),
    ...(spoolFailed > 0 ? ['the spool cannot be written'] : []),
  ];
  if (causes.length === 0) return;
  const lost = noSpool + spoolFull + spoolFailed;
  warn(`${lost} spans lost: the process ended before they were sent (${causes.join('; ')})`);
}

function onExit(): void {
  report(sum((participant) => participant.onExit()));
}

/** The program has nothing more to do: what is unsent may take a few seconds. */
function onBeforeExit(): void {
  for (const participant of participants) participant.onLoopEmpty();
  // Later listeners may end spans, too, also asynchronous ones: the second tick comes when all microtasks have run.
  const flush = (): void => {
    for (const participant of participants) participant.flushAtEnd();
  };
  process.nextTick(() => queueMicrotask(() => process.nextTick(flush)));
}

function onSignal(signal: NodeJS.Signals): void {
  // Without this listener, whatever counts listeners (as signal-exit does) sees the process as the application made it.
  process.off(signal, onSignal);
  const last = process.listenerCount(signal) === 0;
  const lost = sum((participant) => participant.onSignal(last));
  if (last) {
    // The first process of a container goes on: by default no signal ends it.
    if (process.pid !== 1) report(lost);
    process.kill(process.pid, signal);
  }
  // Still here: the application deals with the signal itself, or it cannot end this process (as PID 1 of a container).
  setImmediate(() => {
    if (installed && !process.listeners(signal).includes(onSignal)) listen(signal as Signal);
  }).unref();
}
