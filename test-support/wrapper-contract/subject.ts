// Describes a client to the wrapper contract: how it is used, raw or wrapped, and its traits. The expectations are part
// of the contract.
import type { TextMapPropagator, TracerProvider } from '@opentelemetry/api';
import type { MessageHook } from 'mqtrace';

/** The options of every wrapper that the contract uses. */
export interface ContractOptions {
  readonly tracerProvider: TracerProvider;
  readonly propagator?: TextMapPropagator;
  readonly ignoreDestinations?: readonly string[];
  readonly isExpectedError?: (error: unknown) => boolean;
  readonly createSpans?: boolean;
  readonly newTrace?: readonly string[];
  readonly captureHeaders?: readonly string[];
  readonly bodySize?: boolean;
  readonly onSend?: MessageHook;
  readonly onProcess?: MessageHook;
  readonly parenting?: 'parent' | 'link' | 'auto' | (() => never);
  readonly baggage?: () => never;
  readonly trust?: () => never;
}

/** A message on the broker, as a client without a wrapper reads it, as text. */
export interface WireMessage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One way to send messages. */
export interface SendShape {
  /**
   * The arguments of the call, which the contract may freeze, keep and reuse. Each message holds the `headers` object
   * itself, if possible.
   */
  input(destination: string, bodies: readonly string[], headers?: Readonly<Record<string, string>>): unknown[];
  /** Makes the call, and returns what the client returns, unchanged. */
  call(input: unknown[]): unknown;
  /** The number of messages that the contract sends with one call. */
  readonly messagesPerCall: number;
}

/**
 * The effect of a failing handler: the message is handled again, the client reports the error, or the rejection is
 * unhandled.
 */
export type FailureEffect = 'handled again' | 'reported' | 'unhandled rejection';

/** One way to receive messages; the handler is called once for each, in the context that a wrapper makes for it. */
export interface ReceiveShape {
  /** Receives what is sent to `destination` from its beginning, and settles each message whose handler has succeeded. */
  start(destination: string, handler: (body: string) => unknown): Promise<Receiving>;
  /** Whether the next message is delivered only when the handler's promise has settled. */
  readonly awaitsHandler: boolean;
  /** The effect of a handler that throws, and of one whose promise rejects. */
  readonly onThrow: FailureEffect;
  readonly onReject: FailureEffect;
}

/** Messages being received. */
export interface Receiving {
  stop(): Promise<void>;
  /** The errors that the client has reported to the application. */
  readonly errors: readonly string[];
}

/** One way to settle messages. */
export interface SettleShape {
  /** Receives the one message of the destination, without settling it. */
  prepare(destination: string): Promise<{
    /** Settles it. */
    call(): unknown;
    /** Closes what was opened, so that the broker counts a message that was not settled. */
    end(): Promise<void>;
  }>;
  /** Whether the call has done its work when it returns. */
  readonly isSynchronous: boolean;
}

/** Connected clients of one application. */
export interface Session {
  readonly sends: Readonly<Record<string, SendShape>>;
  readonly receives: Readonly<Record<string, ReceiveShape>>;
  readonly settles: Readonly<Record<string, SettleShape>>;
  /** Calls with invalid arguments, which throw or reject. */
  invalidCalls(destination: string): Readonly<Record<string, () => unknown>>;
  /** Calls that no shape uses. Each has the same outcome at any time. */
  furtherCalls(destination: string): Readonly<Record<string, () => unknown>>;
  /** The object that was given to the wrapper. */
  readonly root: object;
  /** The objects whose methods the wrapper replaces. */
  readonly objects: Readonly<Record<string, object>>;
  /**
   * Wraps objects that are in use. If the warning is given once in a process, with a newly loaded copy of the
   * package.
   */
  wrapLate(options: ContractOptions): Promise<void>;
  /** Breaks the connections to the broker like a network failure, and waits until the client has noticed. */
  cut(): Promise<void>;
  close(): Promise<void>;
}

/** Inspects the broker with an untraced client. */
export interface Observer {
  /** A topic, queue or stream that no other test uses. */
  newDestination(): Promise<string>;
  send(destination: string, messages: readonly WireMessage[]): Promise<void>;
  /** The first `count` messages, in order. */
  read(destination: string, count: number): Promise<WireMessage[]>;
  /** The number of messages that are not settled, received or not. */
  unsettled(destination: string): Promise<number>;
  close(): Promise<void>;
}

/** The traits of a client whose objects are wrapped after they were used. */
export interface LateTraits {
  /** The warning about what is not traced; undefined if everything is traced. */
  readonly warning: RegExp | undefined;
  /** Whether sends by earlier objects are traced. */
  readonly sends: boolean;
  /** Whether messages of an earlier consumer are traced. */
  readonly receives: boolean;
}

/** A client and its wrapper. */
export interface WrapperSubject {
  /** Whether a message has a body besides its headers. Default true. */
  readonly hasBody?: boolean;
  readonly late: LateTraits;
  /** Connects: the raw client without options, the wrapped one with options. */
  open(options: ContractOptions | undefined): Promise<Session>;
  observe(): Promise<Observer>;
  /** The wrapper's function for `root`, newly loaded, as in another copy of the package. */
  loadWrapper(): Promise<(root: object, options: object) => object>;
  /** The part of a result that is equal for two equal calls: without offsets, ids and times. */
  readonly normalize: (result: unknown) => unknown;
}

/** The names of a subject's shapes. */
export interface ShapeNames {
  readonly sends: readonly string[];
  readonly receives: readonly string[];
  readonly settles: readonly string[];
}
