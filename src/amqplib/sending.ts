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
  type Operation,
  replaceMethod,
  startSending,
} from '../messaging/index.ts';
import { frameMaxOf } from './connection.ts';
import { producerDestination } from './destination.ts';
import { fitHeaders } from './header-space.ts';
import { carrierFor, sentAtHeader } from './message.ts';
import { publishContextOf } from './publish-context.ts';
import { withHeaders } from './publish-options.ts';
import type { MandatoryOptions } from './returns.ts';
import type { ChannelState } from './state.ts';

/** A running publish. */
interface Publishing {
  operation: Operation;
  /** The options to publish with; undefined to use those of the application. */
  options: object | undefined;
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
        if (passedOn !== undefined) {
          if (metricsEpoch() !== 0) light = publisher.measure(args[0], args[1], parent);
          if (light !== undefined && confirms !== undefined) {
            // The confirm may end it, or the closing of the channel.
            publishing = { operation: light.toOperation(), options: undefined };
            light = undefined;
          }
          const options = publisher.passOn(passedOn, args[3]);
          if (options !== undefined) args[3] = options;
        } else {
          publishing = guard('tracing a publish', () => publisher.start(args, parent));
          if (publishing?.options !== undefined) args[3] = publishing.options;
        }
        const callback = args[4];
        if (confirms !== undefined && typeof callback === 'function') {
          args[4] = bindToContext(parent, callback as (...results: unknown[]) => unknown);
        }
        let result: unknown;
        try {
          result = Reflect.apply(raw, this, args);
        } catch (error) {
          publishing?.operation.fail(error);
          light?.fail(error);
          throw error;
        }
        light?.end();
        if (confirms === undefined) publishing?.operation.end();
        else confirms.publish(publishing?.operation);
        const options = args[3] as MandatoryOptions | null | undefined;
        if (returns !== undefined && publishing !== undefined && options?.mandatory) {
          guard('noting a mandatory publish', () => returns.publish(publishing.operation, args[0], args[1], options));
        }
        return result;
      },
  );
}

class Publisher {
  readonly #channel: object;
  readonly #state: ChannelState;
  #target: Target | undefined;

  constructor(channel: object, state: ChannelState) {
    this.#channel = channel;
    this.#state = state;
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
    if (carried === undefined) return { operation, options: undefined };
    return { operation, options: guard('writing headers', () => this.#withHeaders(given, headers, carried)) };
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

  /** The options to publish with, if only the context of the call is propagated. Never throws. */
  passOn(passedOn: CarriedHeaders, given: unknown): unknown {
    if (passedOn.isEmpty) return given;
    try {
      const options = (given ?? {}) as Readonly<Record<string, unknown>>;
      const headers = headersOf(options['headers']);
      if (isReadOnly(headers)) return given;
      const carried = passedOn.write(carrierFor(options['contentType']), headers as AmqpHeaders | undefined);
      return (carried && this.#withHeaders(given, headers, carried)) ?? given;
    } catch (error) {
      reportFault('writing headers', error);
      return given;
    }
  }

  /** @param own - the application's headers, of which `carried` is a copy with the context. */
  #withHeaders(given: unknown, own: unknown, carried: AmqpHeaders): object | undefined {
    // Without the application's headers there are no times of an earlier message.
    const isCopy = own !== undefined && own !== null;
    if (isCopy) amqpHeaders.remove(carried, [sentAtHeader]);
    carried[sentAtHeader] = String(Date.now());
    if (isCopy) dropPastDelivery(carried);
    const fitted = fitHeaders(carried, given, frameMaxOf(this.#channel));
    return fitted && withHeaders(given, fitted);
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
