import type { Docker } from './docker.ts';
import type { Program } from './programs.ts';

/** Takes one line for a person to read. */
export type Log = (line: string) => void;

/** Something that was started, and where it is. */
export interface Running<T> {
  readonly at: T;
  /** Ends it and removes everything of it. */
  readonly stop: () => Promise<void>;
}

/** One kind of broker and the ways to come by one. */
export interface Broker<T> {
  readonly name: string;
  /** The environment variable with which a user gives one, and what its value means. */
  readonly variable: string;
  parse(value: string): T;
  /** Resolves once the broker at `at` serves its clients. */
  probe(at: T): Promise<void>;
  /** What {@link native} needs. */
  programs(): readonly Program[];
  /** Starts one as processes of this machine, and waits until it serves. */
  native(log: Log): Promise<Running<T>>;
  readonly image: string;
  /** Starts one as a container, and waits until it serves. */
  container(docker: Docker): Promise<Running<T>>;
}
