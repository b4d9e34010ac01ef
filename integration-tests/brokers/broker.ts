import type { Docker } from './docker.ts';
import type { Program } from './programs.ts';

/** Logs one line for the user. */
export type Log = (line: string) => void;

/** A started broker and its address. */
export interface Running<T> {
  readonly at: T;
  /** Stops it and removes all its files. */
  readonly stop: () => Promise<void>;
  /** Kills its process and starts it again with the same data and address; only for processes of this machine. */
  readonly restart?: () => Promise<void>;
}

/** One kind of broker, and the ways to provide it. */
export interface Broker<T> {
  readonly name: string;
  /** The environment variable with the address of an existing one, and the parser of its value. */
  readonly variable: string;
  parse(value: string): T;
  /** Resolves when the broker at `at` is ready for clients. */
  probe(at: T): Promise<void>;
  /** The programs that {@link native} needs. */
  programs(): readonly Program[];
  /** Starts one as processes of this machine, and waits until it is ready. */
  native(log: Log): Promise<Running<T>>;
  readonly image: string;
  /** Starts one as a container, and waits until it is ready. */
  container(docker: Docker): Promise<Running<T>>;
}
