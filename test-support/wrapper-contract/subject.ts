// What a client hands over to the contract of wrappers: how to use it, raw or wrapped, without saying what is right.
import type { TracerProvider, TextMapPropagator } from '@opentelemetry/api';

/** The options of every wrapper that the contract makes use of. */
export interface ContractOptions {
  readonly tracerProvider: TracerProvider;
  readonly propagator?: TextMapPropagator;
  readonly parenting?: 'parent' | 'link' | (() => never);
  readonly baggage?: () => never;
  readonly trust?: () => never;
}

/** A message on the broker, as a client without a wrapper reads it: text, whatever the client gives. */
export interface WireMessage {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** One way to send messages. */
export interface SendShape {
  /** The arguments of the call, which the contract may freeze, keep and use again. Headers are the application's own. */
  input(destination: string, bodies: readonly string[], headers?: Readonly<Record<string, string>>): unknown[];
  /** Makes the call, and gives back what the client gives back, as it is. */
  call(input: unknown[]): unknown;
  /** Messages that one call of this shape sends, at least. */
  readonly fewest: number;
  /** Of what a call gives in the end, what is equal between two equal calls: without offsets, ids and times. */
  readonly comparable: (result: unknown) => unknown;
}

/** One way to receive messages; the handler is called once for each, in the context that a wrapper makes for it. */
export interface ReceiveShape {
  /** Begins to receive what is sent to `destination` from its beginning, and settles each message whose handler has returned. */
  start(destination: string, handler: (body: string) => unknown): Promise<{ stop(): Promise<void> }>;
}

/** Connected clients of one application. */
export interface Session {
  readonly sends: Readonly<Record<string, SendShape>>;
  readonly receives: Readonly<Record<string, ReceiveShape>>;
  /** A topic, queue or stream that no other test uses. */
  newDestination(): Promise<string>;
  /** Calls with wrong arguments, which the client answers with an error of its own, thrown or rejected. */
  wrongCalls(destination: string): Readonly<Record<string, () => unknown>>;
  /** The object that was handed to the wrapper. */
  readonly root: object;
  /** What the wrapper replaces methods of. */
  readonly objects: Readonly<Record<string, object>>;
  close(): Promise<void>;
}

/** A client and its wrapper. */
export interface WrapperSubject {
  /** The client's name, for titles. */
  readonly client: string;
  /** Connects; without options the raw client, with options the wrapped one. */
  open(options: ContractOptions | undefined): Promise<Session>;
  /** The wrapper's function for `root`, loaded anew, as another copy of the package would have it. */
  loadWrapper(): Promise<(root: object, options: object) => object>;
  /** Sends with a client that nothing wraps. */
  sendRaw(destination: string, messages: readonly WireMessage[]): Promise<void>;
  /** Reads with a client that nothing wraps: the first `count` messages, in order. */
  readWire(destination: string, count: number): Promise<WireMessage[]>;
  /** Messages that were received and not settled, or not received yet. */
  unsettled(destination: string, session: Session): Promise<number>;
}
