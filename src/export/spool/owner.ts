// Determines whether the process that owns a spool directory is still alive.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Identifies the process that owns a spool directory. @internal */
export interface Owner {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process, because process ids are reused. Linux only. */
  readonly start: string | undefined;
  readonly host: string;
  /** The boot id of the machine. Linux only. */
  readonly boot: string | undefined;
  /** The PID namespace, which identifies a container. Linux only. */
  readonly namespace: string | undefined;
}

/** After this time without a heartbeat, an owner that is not visible counts as dead. @internal */
export const heartbeatLimitMs = 60_000;

function attempt(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** The start time of the process; undefined if it does not exist, or without /proc. */
function startOf(pid: number | 'self'): string | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the command in parentheses, which may contain any character; the start time is the twentieth field after
  // it.
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

/** Parses the file content written for {@link thisOwner}; undefined if it is invalid. @internal */
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
 * Whether an owner has certainly ended: known immediately if its process would be visible, else after
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
