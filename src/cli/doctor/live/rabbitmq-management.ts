// Reads the type and the bindings of a queue from RabbitMQ's management API, because AMQP does not provide them.
import { MqtraceError } from '../../../common/errors.ts';

export interface Queue {
  type: string;
}

export interface Binding {
  source: string;
  routing_key: string;
  arguments: Record<string, unknown>;
}

const timeoutMs = 5000;

/** RabbitMQ's management API, with the credentials of the AMQP address unless the address has its own. */
export class Management {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #vhost: string;
  readonly #signal: AbortSignal;

  constructor(amqpUrl: string, given: string | undefined, signal: AbortSignal) {
    const amqp = new URL(amqpUrl);
    const secure = amqp.protocol === 'amqps:';
    const url = new URL(given ?? `${secure ? 'https' : 'http'}://${amqp.hostname}:${secure ? 15_671 : 15_672}`);
    const user = decodeURIComponent(url.username || amqp.username || 'guest');
    const password = decodeURIComponent(url.password || amqp.password || 'guest');
    this.#headers = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    this.#base = `${url.protocol}//${url.host}${url.pathname.replace(/\/$/, '')}`;
    this.#vhost = encodeURIComponent(decodeURIComponent(amqp.pathname.slice(1)) || '/');
    this.#signal = signal;
  }

  queue(name: string): Promise<Queue> {
    return this.#get(`queues/${this.#vhost}/${encodeURIComponent(name)}`) as Promise<Queue>;
  }

  bindings(queue: string): Promise<Binding[]> {
    return this.#get(`queues/${this.#vhost}/${encodeURIComponent(queue)}/bindings`) as Promise<Binding[]>;
  }

  async exchangeType(name: string): Promise<string> {
    const { type } = (await this.#get(`exchanges/${this.#vhost}/${encodeURIComponent(name)}`)) as { type: string };
    return type;
  }

  async #get(path: string): Promise<unknown> {
    const url = `${this.#base}/api/${path}`;
    let response: Response;
    try {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(timeoutMs)]);
      response = await fetch(url, { headers: this.#headers, signal });
    } catch (error) {
      throw unreachable(`does not respond at ${this.#base}`, error);
    }
    if (!response.ok) throw unreachable(`responds with ${response.status} at ${url}`);
    return response.json();
  }
}

function unreachable(what: string, cause?: unknown): MqtraceError {
  return new MqtraceError(
    'INVALID_STATE',
    `RabbitMQ's management API ${what}. It is needed, because AMQP provides neither the type of a queue nor its bindings. Enable it with "rabbitmq-plugins enable rabbitmq_management", or name its address with --amqp-management URL.`,
    { cause },
  );
}
