// How a session's clients come to be traced: by the wrapper, or as they are made.
import type { ContractOptions } from './subject.ts';

/** Calls what makes a client or a channel. */
export type Make = <T>(make: () => T) => T;

/** One way to trace clients. */
export interface WayToTrace {
  /** Does to the given object what the application does, and returns the object that it uses. */
  readonly wrap: <T extends object>(root: T, options: ContractOptions, trace: (root: T, options: object) => T) => T;
  /** Makes a client or a channel. */
  readonly make: <T>(options: ContractOptions, make: () => T) => T;
}

/** The application calls the wrapper. */
export const explicitly: WayToTrace = {
  wrap: (root, options, trace) => trace(root, options),
  make: (_, make) => make(),
};

/**
 * The application does nothing: what is made while tracing is switched on is traced. Only then, since a raw session is beside it.
 *
 * @param switchOn - returns what switches tracing off again.
 */
export function automatically(switchOn: (options: ContractOptions) => () => void): WayToTrace {
  return {
    wrap: (root) => root,
    make(options, make) {
      const switchOff = switchOn(options);
      try {
        return make();
      } finally {
        switchOff();
      }
    },
  };
}
