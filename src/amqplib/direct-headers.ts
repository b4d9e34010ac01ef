// Gives amqplib the headers of a publish below its own `publish`, which would use them as the prototype of an empty object. V8 makes
// each prototype an object with a shape of its own, which takes longer than all the rest of encoding a message.
import type { AmqpHeaders } from '../../carriers/index.ts';
import { reportFault } from '../common/faults.ts';
import { type Method, replaceMethod } from '../messaging/index.ts';

/** The source texts of `publish` and `sendMessage`, without spaces, in all versions of amqplib; with any names, for bundlers. */
const name = String.raw`([\w$]+)`;
const publishes = new RegExp(
  String.raw`^(?:function)?(?:publish)?\(${name},${name},${name},${name}\)\{(?:var|let|const)${name}=[\w$.]+\.publish\(\1,\2,\4\);` +
    String.raw`returnthis\.sendMessage\(\5,\5,\3\);?\}$`,
);
const inheritedCall = String.raw`(?:super\.publish\(|[\w$.]+\.publish\.call\(this,)\1,\2,\3,\4\)`;
// Minifiers write `return this.pushConfirmCallback(e),n`.
const confirm = String.raw`(?:this\.pushConfirmCallback\(\5\);return|returnthis\.pushConfirmCallback\(\5\),)`;
const publishesWithConfirm = new RegExp(
  String.raw`^(?:function)?(?:publish)?\(${name},${name},${name},${name},${name}\)\{` +
    String.raw`(?:${confirm}${inheritedCall}|(?:var|let|const)${name}=${inheritedCall};${confirm}\6);?\}$`,
);
const sends = new RegExp(
  String.raw`^(?:function)?(?:sendMessage)?\(${name},${name},${name}\)\{` +
    String.raw`returnthis\.connection\.sendMessage\(this\.ch,[\w$.]+,\1,[\w$.]+,\2,\3\);?\}$`,
);

type Methods = Record<string, unknown>;

/**
 * The headers of the publishes of one channel, which replace those of the options. Only for a channel with amqplib's own methods: these
 * encode a message before they return, and from the options' headers they use nothing else.
 */
export class DirectHeaders {
  readonly #channel: Methods;
  readonly #sendMessage: unknown;
  /** The prototype that has the `publish` which sends. */
  readonly #prototype: Methods;
  readonly #publish: unknown;
  #next: AmqpHeaders | undefined;

  private constructor(channel: object, prototype: object) {
    this.#channel = channel as Methods;
    this.#prototype = prototype as Methods;
    this.#publish = this.#prototype['publish'];
    replaceMethod(channel, 'sendMessage', (raw) => this.#replacementOf(raw));
    this.#sendMessage = this.#channel['sendMessage'];
  }

  /** Undefined if a channel has other methods than amqplib's, as mocks and patched channels do. */
  static of(channel: object): DirectHeaders | undefined {
    const prototype = sendingPrototype(channel);
    return prototype && new DirectHeaders(channel, prototype);
  }

  /** Whether nobody has replaced a method since. */
  get isUsable(): boolean {
    return this.#channel['sendMessage'] === this.#sendMessage && this.#prototype['publish'] === this.#publish;
  }

  /**
   * Calls the client's `publish`, with headers in place of those of its options.
   *
   * @param headers - undefined to send those of the options.
   */
  publish(raw: Method, channel: unknown, args: unknown[], headers: AmqpHeaders | undefined): unknown {
    // An accessor of the options may publish another message meanwhile.
    const outer = this.#next;
    this.#next = headers;
    try {
      return Reflect.apply(raw, channel, args);
    } finally {
      this.#next = outer;
    }
  }

  /** Closing a channel assigns a method that throws: it becomes a property like on other channels. */
  close(): void {
    if (this.#channel['sendMessage'] === this.#sendMessage) return;
    Object.defineProperty(this.#channel, 'sendMessage', { enumerable: true });
  }

  #replacementOf(raw: Method): Method {
    const writeNext = (properties: { headers?: unknown }): void => {
      const headers = this.#next;
      if (headers === undefined) return;
      this.#next = undefined;
      try {
        properties.headers = withOwn(properties.headers, headers);
      } catch (error) {
        reportFault('writing headers', error);
      }
    };
    return function sendMessage(this: unknown, fields: unknown, properties: object, content: unknown): unknown {
      writeNext(properties);
      return raw.call(this, fields, properties, content);
    };
  }
}

/** amqplib adds headers for some options, such as `CC`, to the object that has the options' headers as its prototype. */
function withOwn(given: unknown, headers: AmqpHeaders): AmqpHeaders {
  const own = given as AmqpHeaders;
  const names = Object.keys(own);
  if (names.length === 0) return headers;
  const merged: AmqpHeaders = {};
  for (const name of names) merged[name] = own[name];
  for (const name in headers) if (!Object.hasOwn(merged, name)) merged[name] = headers[name];
  return merged;
}

/** The prototype of a channel whose `publish` calls the channel's `sendMessage`; undefined unless all methods are amqplib's. */
function sendingPrototype(channel: object): object | undefined {
  if (Object.hasOwn(channel, 'publish') || Object.hasOwn(channel, 'sendMessage')) return undefined;
  if (!matches(sends, (channel as Methods)['sendMessage'])) return undefined;
  const first = holderOf(channel, 'publish');
  if (first === undefined || matches(publishes, first['publish'])) return first;
  if (!matches(publishesWithConfirm, first['publish'])) return undefined;
  const second = holderOf(first, 'publish');
  return matches(publishes, second?.['publish']) ? second : undefined;
}

/** The nearest prototype that has a property itself. */
function holderOf(object: object, property: string): Methods | undefined {
  let prototype = Object.getPrototypeOf(object) as Methods | null;
  while (prototype !== null && !Object.hasOwn(prototype, property)) {
    prototype = Object.getPrototypeOf(prototype) as Methods | null;
  }
  return prototype ?? undefined;
}

function matches(source: RegExp, method: unknown): boolean {
  return typeof method === 'function' && source.test(Function.prototype.toString.call(method).replaceAll(/\s/gu, ''));
}
