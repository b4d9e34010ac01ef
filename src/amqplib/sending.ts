// Traces publish and sendToQueue.
import { types } from 'node:util';
import type { Attributes, Context } from '@opentelemetry/api';
import { amqpHeaders, type AmqpHeaders } from '../../carriers/index.ts';
import { reportFault } from '../common/faults.ts';
import { metricsEpoch } from '../metrics/series.ts';
import type { CarriedHeaders } from '../propagation/carried-headers.ts';
import {
  activeContext,
  ATTR_MESSAGE_CONVERSATION_ID,
  ATTR_MESSAGE_ID,
  ATTR_RABBITMQ_ROUTING_KEY,
  bindToContext,
  type Destination,
  dropPastDelivery,
  guard,
  type LightOperation,
  measurePassedOn,
  mergeAttributes,
  type Method,
  type Operation,
  replaceMethod,
  startSending,
} from '../messaging/index.ts';
import { frameMaxOf } from './connection.ts';
import { producerDestination } from './destination.ts';
import type { DirectHeaders } from './direct-headers.ts';
import { fitHeaders } from './header-space.ts';
import { carrierFor, sentAtHeader } from './message.ts';
import { publishContextOf } from './publish-context.ts';
import { withHeaders } from './publish-options.ts';
import type { MandatoryOptions } from './returns.ts';
import type { ChannelState } from './state.ts';

/** A running publish. */
interface Publishing {
  operation: Operation;
  /** The headers to publish with; undefined to use those of the application. */
  headers: AmqpHeaders | undefined;
}

/** A destination and the attributes of all messages to it. */
interface Target {
  exchange: string;
  routingKey: string;
  destination: Destination;
  attributes: Attributes;
  /** The change counter of the connection's exclusive queues. */
  changes: number;
}

/**
 * Traces `publish`, and with it `sendToQueue`, which calls it: a PRODUCER span that ends at the return, or with the confirm on a
 * confirm channel. A confirm's callback runs in the context of the publish call.
 */
export function tracePublish(channel: object, state: ChannelState): void {
  const { confirms, returns } = state;
  const publisher = new Publisher(channel, state);
  replaceMethod(
    channel,
    'publish',
    (raw) =>
      function publish(this: unknown, ...args: unknown[]): unknown {
        const parent = publishContextOf(args[3]) ?? activeContext();
        const passedOn = state.messaging.passedOn(parent);
        let publishing: Publishing | undefined;
        let light: LightOperation | undefined;
        let headers: AmqpHeaders | undefined;
        if (passedOn !== undefined) {
          if (metricsEpoch() !== 0) light = publisher.measure(args[0], args[1], parent);
          if (light !== undefined && confirms !== undefined) {
            // The confirm may end it, or the closing of the channel.
            publishing = { operation: light.toOperation(), headers: undefined };
            light = undefined;
          }
          headers = publisher.passOn(passedOn, args[3]);
        } else {
          publishing = guard('tracing a publish', () => publisher.start(args, parent));
          headers = publishing?.headers;
        }
        const callback = args[4];
        if (confirms !== undefined && typeof callback === 'function') {
          args[4] = bindToContext(parent, callback as (...results: unknown[]) => unknown);
        }
        let result: unknown;
        try {
          result = publisher.publish(raw, this, args, headers);
        } catch (error) {
          publishing?.operation.fail(error);
          light?.fail(error);
          throw error;
        }
        light?.end();
        if (confirms === undefined) publishing?.operation.end();
        else confirms.publish(publishing?.operation);
        if (returns !== undefined && publishing !== undefined) {
          try {
            const options = args[3] as MandatoryOptions | null | undefined;
            if (options?.mandatory) {
              const sent = { headers: headers ?? options.headers, contentType: options.contentType };
              returns.publish(publishing.operation, args[0], args[1], sent);
            }
          } catch (error) {
            reportFault('noting a mandatory publish', error);
          }
        }
        return result;
      },
  );
}

class Publisher {
  readonly #channel: object;
  readonly #state: ChannelState;
  readonly #direct: DirectHeaders | undefined;
  #target: Target | undefined;

  constructor(channel: object, state: ChannelState) {
    this.#channel = channel;
    this.#state = state;
    this.#direct = state.direct;
  }

  start([exchange, routingKey, content, given]: readonly unknown[], parent: Context): Publishing {
    const { messaging, server, requests } = this.#state;
    const target = this.#targetOf(textOf(exchange), textOf(routingKey));
    const options = (given ?? {}) as Readonly<Record<string, unknown>>;
    const headers = headersOf(options['headers']);
    const { operation, headers: written } = startSending<AmqpHeaders>(
      messaging,
      carrierFor(options['contentType']),
      {
        name: 'publish',
        attributes: target.attributes,
        peer: server.peer,
        details: hasIds(options) ? () => messageIds(options) : undefined,
      },
      [
        {
          destination: target.destination,
          headers: headers as AmqpHeaders | undefined,
          body: content,
          // Headers of an invalid type are passed through, so that amqplib throws its own error.
          readOnlyHeaders: isReadOnly(headers),
        },
      ],
      parent,
    );
    requests.published(operation, options);
    const [carried] = written;
    if (carried === undefined) return { operation, headers: undefined };
    return { operation, headers: guard('writing headers', () => this.#complete(carried, given, headers)) };
  }

  /** Starts to measure a publish, if only the context of the call is propagated. Never throws. */
  measure(exchange: unknown, routingKey: unknown, parent: Context): LightOperation | undefined {
    try {
      const { destination, attributes } = this.#targetOf(textOf(exchange), textOf(routingKey));
      return measurePassedOn(this.#state.messaging, 'publish', destination, attributes, parent);
    } catch (error) {
      reportFault('measuring a publish', error);
      return undefined;
    }
  }

  /** The headers to publish with, if only the context of the call is propagated; undefined for the application's. Never throws. */
  passOn(passedOn: CarriedHeaders, given: unknown): AmqpHeaders | undefined {
    if (passedOn.isEmpty) return undefined;
    try {
      const options = (given ?? {}) as Readonly<Record<string, unknown>>;
      const headers = headersOf(options['headers']);
      if (isReadOnly(headers)) return undefined;
      const carried = passedOn.write(carrierFor(options['contentType']), headers as AmqpHeaders | undefined);
      return carried && this.#complete(carried, given, headers);
    } catch (error) {
      reportFault('writing headers', error);
      return undefined;
    }
  }

  /**
   * Calls the client's `publish`.
   *
   * @param headers - those to publish with in place of the application's.
   */
  publish(raw: Method, channel: unknown, args: unknown[], headers: AmqpHeaders | undefined): unknown {
    if (this.#direct?.isUsable === true) return this.#direct.publish(raw, channel, args, headers);
    if (headers !== undefined) {
      try {
        args[3] = withHeaders(args[3], headers);
      } catch (error) {
        reportFault('writing headers', error);
      }
    }
    return Reflect.apply(raw, channel, args);
  }

  /**
   * Adds the time of the publish to headers, and removes what does not fit; undefined if nothing fits.
   *
   * @param own - the application's headers, of which `carried` is a copy with the context.
   */
  #complete(carried: AmqpHeaders, given: unknown, own: unknown): AmqpHeaders | undefined {
    // Without the application's headers there are no times of an earlier message.
    const isCopy = own !== undefined && own !== null;
    if (isCopy) amqpHeaders.remove(carried, [sentAtHeader]);
    carried[sentAtHeader] = String(Date.now());
    if (isCopy) dropPastDelivery(carried);
    return fitHeaders(carried, given, frameMaxOf(this.#channel));
  }

  /** Most channels publish to the same destination repeatedly. */
  #targetOf(exchange: string, routingKey: string): Target {
    const { exclusiveQueues, server } = this.#state;
    const { changes } = exclusiveQueues;
    const last = this.#target;
    if (last?.exchange === exchange && last.routingKey === routingKey && last.changes === changes) return last;
    const attributes = mergeAttributes(
      server.address,
      routingKey === '' ? undefined : { [ATTR_RABBITMQ_ROUTING_KEY]: routingKey },
    );
    const destination = producerDestination(exchange, routingKey, exclusiveQueues);
    this.#target = { exchange, routingKey, destination, attributes, changes };
    return this.#target;
  }
}

function textOf(name: unknown): string {
  return typeof name === 'string' ? name : '';
}

/** amqplib sends the enumerable properties of any object; the entries of a `Map` are not among them. */
function headersOf(given: unknown): unknown {
  if (!types.isMap(given)) return given;
  const headers: AmqpHeaders = {};
  for (const name in given) headers[name] = (given as unknown as AmqpHeaders)[name];
  return headers;
}

/** Headers of a wrong type are passed through, so that amqplib reports its own error. */
function isReadOnly(headers: unknown): boolean {
  return Boolean(headers) && (typeof headers !== 'object' || Array.isArray(headers));
}

function hasIds({ messageId, correlationId }: Readonly<Record<string, unknown>>): boolean {
  return messageId !== undefined || correlationId !== undefined;
}

function messageIds({ messageId, correlationId }: Readonly<Record<string, unknown>>): Attributes {
  const ids: Attributes = {};
  if (typeof messageId === 'string') ids[ATTR_MESSAGE_ID] = messageId;
  if (typeof correlationId === 'string') ids[ATTR_MESSAGE_CONVERSATION_ID] = correlationId;
  return ids;
}
