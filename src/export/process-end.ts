import { isMainThread } from 'node:worker_threads';

/** What has spans to save when the process ends. @internal */
export interface EndParticipant {
  /** Puts all it has on disk, or counts it as lost; returns the number of spans lost. Nothing comes after it. */
  onExit(): number;
  /**
   * Puts all it has on disk, if it can, and goes on. Returns the number of spans that would be lost if the process ended now,
   * which it will, as far as can be seen, if `last`.
   */
  onSignal(last: boolean): number;
  /** Whether there is anything to be sent before the process may end by itself. */
  readonly unsent: boolean;
  flushAtEnd(timeoutMs: number): Promise<unknown>;
}

const beforeExitMs = 5000;
const signals = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof signals)[number];

const participants = new Set<EndParticipant>();
let installed = false;
let beforeExitDeadline = 0;

/**
 * Has a participant take part in the end of the process; returns how to leave again. One set of listeners serves all. There is
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
  process.on('beforeExit', onBeforeExit);
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

function warn(lost: number): void {
  if (lost === 0) return;
  // Synchronous wherever Node can: nothing may come after it.
  process.stderr.write(
    `mqtrace: ${lost} spans lost: the process ended before they were sent (a spool would keep them)\n`,
  );
}

function sum(count: (participant: EndParticipant) => number): number {
  let total = 0;
  for (const participant of participants) total += count(participant);
  return total;
}

function onExit(): void {
  warn(sum((participant) => participant.onExit()));
}

/** The program has nothing more to do: what is unsent may take a few seconds, once. */
function onBeforeExit(): void {
  const now = performance.now();
  if (beforeExitDeadline === 0) beforeExitDeadline = now + beforeExitMs;
  const left = beforeExitDeadline - now;
  if (left <= 0) return;
  for (const participant of participants) if (participant.unsent) void participant.flushAtEnd(left);
}

function onSignal(signal: NodeJS.Signals): void {
  // Without this listener, whatever counts listeners (as signal-exit does) sees the process as the application made it.
  process.off(signal, onSignal);
  const last = process.listenerCount(signal) === 0;
  const lost = sum((participant) => participant.onSignal(last));
  if (last) {
    // The first process of a container goes on: by default no signal ends it.
    if (process.pid !== 1) warn(lost);
    process.kill(process.pid, signal);
  }
  // Still here: the application deals with the signal itself, or it cannot end this process (as PID 1 of a container).
  setImmediate(() => {
    if (installed && !process.listeners(signal).includes(onSignal)) listen(signal as Signal);
  }).unref();
}
