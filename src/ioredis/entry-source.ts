// Defines the common attributes of the entries of one stream in a reply.
import type { Attributes } from '@opentelemetry/api';
import { ATTR_CLIENT_ID, ATTR_CONSUMER_GROUP_NAME, type Destination, mergeAttributes } from '../messaging/index.ts';
import { argumentsOfClaim, argumentsOfRead, type GroupArguments } from './arguments.ts';
import type { StreamTracing } from './state.ts';

/** The request of a command; its arguments are read on first access, which may never happen without a span. @internal */
export class ReadRequest {
  readonly #name: string;
  readonly #args: readonly unknown[];
  readonly #server: Attributes;
  #group: GroupArguments | undefined = undefined;
  #attributes: Attributes | undefined = undefined;

  constructor(name: string, args: readonly unknown[], server: Attributes) {
    this.#name = name;
    this.#args = args;
    this.#server = server;
  }

  get group(): GroupArguments {
    return (this.#group ??= this.#name.startsWith('xread')
      ? argumentsOfRead(this.#args)
      : argumentsOfClaim(this.#args));
  }

  /** The attributes of every message of the reply, and of the operation. */
  get attributes(): Attributes {
    return (this.#attributes ??= this.#describe());
  }

  #describe(): Attributes {
    const { group, consumer } = this.group;
    const attributes: Attributes = {};
    if (group !== undefined) attributes[ATTR_CONSUMER_GROUP_NAME] = group;
    if (consumer !== undefined) attributes[ATTR_CLIENT_ID] = consumer;
    return mergeAttributes(attributes, this.#server);
  }
}

/** The source of entries, which also describes the processing of each of them. @internal */
export class EntrySource {
  readonly tracing: StreamTracing;
  readonly destination: Destination | undefined;
  readonly name = 'process';
  readonly #asked: Pick<ReadRequest, 'attributes'>;

  constructor(tracing: StreamTracing, destination: Destination | undefined, asked: Pick<ReadRequest, 'attributes'>) {
    this.tracing = tracing;
    this.destination = destination;
    this.#asked = asked;
  }

  /** The attributes for processing one entry. Read only if it is recorded or measured. */
  get attributes(): Attributes {
    return this.#asked.attributes;
  }
}
