// Calls the exporters when the process ends, for every kind of end.
import { isMainThread } from 'node:worker_threads';
import { warn } from '../common/warnings.ts';

/** Spans lost when the process ends, by the reason why they were not written to disk. @internal */
export interface LostAtEnd {
  noSpool: number;
  spoolFull: number;
  spoolFailed: number;
}

/** A component that has spans to save when the process ends. @internal */
export interface EndParticipant {
  /** Writes all spans to disk, or counts them as lost. It is the last call. */
  onExit(): LostAtEnd;
  /**
   * Writes all spans to disk if possible, and continues. Returns the spans that would be lost if the process ended now, which is
   * expected if `last` is set.
   */
  onSignal(last: boolean): LostAtEnd;
  /** The event loop is empty. Called before the listeners of the application. */
  onLoopEmpty(): void;
  /** The event loop is empty, and all listeners have run: unsent spans may be sent now. */
  flushAtEnd(): void;
}

const signals = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof signals)[number];

const participants = new Set<EndParticipant>();
let installed = false;

/**
 * Registers a participant for the end of the process; returns a function that unregisters it. All participants share one set of
 * listeners. There is none for 'uncaughtException', which would change the effect of an error; 'exit' follows it anyway.
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
  // Workers do not receive signals.
  if (isMainThread) for (const signal of signals) listen(signal);
}

function uninstall(): void {
  installed = false;
  process.off('exit', onExit);
  process.off('beforeExit', onBeforeExit);
  for (const signal of signals) process.off(signal, onSignal);
}

/** Prepended, so that a once-listener of the application is still registered and counted. */
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

/** The program has nothing more to do: sending the rest may take a few seconds. */
function onBeforeExit(): void {
  for (const participant of participants) participant.onLoopEmpty();
  // Later listeners, also asynchronous ones, may end spans, too: the second tick runs after all microtasks.
  const flush = (): void => {
    for (const participant of participants) participant.flushAtEnd();
  };
  process.nextTick(() => queueMicrotask(() => process.nextTick(flush)));
}

function onSignal(signal: NodeJS.Signals): void {
  // Removes this listener, so that code which counts listeners (such as signal-exit) sees only those of the application.
  process.off(signal, onSignal);
  const last = process.listenerCount(signal) === 0;
  const lost = sum((participant) => participant.onSignal(last));
  if (last) {
    // The first process of a container continues: by default no signal ends it.
    if (process.pid !== 1) report(lost);
    process.kill(process.pid, signal);
  }
  // The process still runs: the application handles the signal itself, or the signal cannot end this process (PID 1 of a
  // container).
  setImmediate(() => {
    if (installed && !process.listeners(signal).includes(onSignal)) listen(signal as Signal);
  }).unref();
}
