// Tells whether the process that owns a spool directory is still alive.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Which process a spool directory belongs to. @internal */
export interface Owner {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process; process ids are used again. Linux only. */
  readonly start: string | undefined;
  readonly host: string;
  /** The boot of the machine. Linux only. */
  readonly boot: string | undefined;
  /** The PID namespace, that is the container. Linux only. */
  readonly namespace: string | undefined;
}

/** Without a heartbeat for this long, an owner that cannot be asked counts as dead. @internal */
export const heartbeatLimitMs = 60_000;

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** When the process started; undefined if there is none, or no /proc. */
function startOf(pid: number | 'self'): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the command in parentheses, which may hold anything; the start time is the twentieth after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

/** This process. @internal */
export function thisOwner(): Owner {
  return {
    pid: process.pid,
    start: startOf('self'),
    host: hostname(),
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')),
  };
}

/** Reads what {@link thisOwner} gave, from a file; undefined if it is anything else. @internal */
export function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, start, host, boot, namespace } = JSON.parse(text) as Partial<Record<keyof Owner, unknown>>;
    const optional = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
    if (!Number.isSafeInteger(pid) || (pid as number) < 1 || typeof host !== 'string') return undefined;
    return { pid: pid as number, host, start: optional(start), boot: optional(boot), namespace: optional(namespace) };
  } catch {
    return undefined;
  }
}

/**
 * Whether an owner is gone for sure, as far as can be told from here: at once where its process would be visible, else after
 * {@link heartbeatLimitMs} without a heartbeat.
 *
 * @internal
 */
export function isDead(owner: Owner | undefined, me: Owner, sinceHeartbeatMs: number): boolean {
  const visible =
    owner?.start !== undefined &&
    owner.boot !== undefined &&
    owner.namespace !== undefined &&
    owner.host === me.host &&
    owner.boot === me.boot &&
    owner.namespace === me.namespace;
  if (visible) return startOf(owner.pid) !== owner.start;
  return sinceHeartbeatMs > heartbeatLimitMs;
}
