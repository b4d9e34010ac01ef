// Shows a message to the `onSend` and `onProcess` hooks, which cannot change it.
import { types } from 'node:util';
import { eachHeader, valuesOf } from './header-values.ts';

/** The parts of a message that a client knows, for the options that read them. The values are the application's. */
export interface MessageContent {
  readonly headers: unknown;
  /** Undefined if the client has none, or does not know it. */
  readonly body?: unknown;
  /** The key of a Kafka message. */
  readonly key?: unknown;
}

/** A message, as the `onSend` and `onProcess` hooks see it: frozen, and with copies of what the message contains. */
export interface MessageView {
  /** The destination, as `messaging.destination.name` has it; undefined if unknown. */
  readonly destination: string | undefined;
  /**
   * The headers that have a text form, in the spelling of the message; the last value of a repeated one. For Redis, the fields of
   * the entry.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** The key of a Kafka message. */
  readonly key: string | Uint8Array | null | undefined;
  /** The body; a copy, which is made when it is read. Undefined for Redis, whose entries have only fields. */
  readonly body: string | Uint8Array | null | undefined;
}

const headerLength = 65_536;

/** Makes the view of a message. Nothing is copied before it is read. */
export function viewOf(destination: string | undefined, content: MessageContent): MessageView {
  return Object.freeze({
    destination,
    get headers(): Readonly<Record<string, string>> {
      const headers = Object.create(null) as Record<string, string>;
      eachHeader(content.headers, (name, value) => {
        const text = valuesOf(value, headerLength).at(-1);
        if (text !== undefined) headers[name] = text;
        return true;
      });
      return Object.freeze(headers);
    },
    get key(): string | Uint8Array | null | undefined {
      return copied(content.key);
    },
    get body(): string | Uint8Array | null | undefined {
      return copied(content.body);
    },
  });
}

function copied(value: unknown): string | Uint8Array | null | undefined {
  if (types.isUint8Array(value)) return Buffer.from(value);
  return typeof value === 'string' || value === null ? value : undefined;
}
