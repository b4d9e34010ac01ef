// Traces consume and get.
import { type Context, ROOT_CONTEXT, type SpanContext } from '@opentelemetry/api';
import {
  activeContext,
  bindToContext,
  guard,
  type HandlerOptions,
  type Incoming,
  isEagerPromise,
  LightOperation,
  type Operation,
  OperationClock,
  replaceMethod,
  runHandler,
  runInContext,
  startProcessing,
  startReceiving,
  type Unsampled,
} from '../messaging/index.ts';
import { reportFault } from '../common/faults.ts';
import { complete } from './completion.ts';
import { Delivery } from './deliveries.ts';
import { consumerDestination } from './destination.ts';
import { resultOf } from './dropped-result.ts';
import { runLight, startKept, startLight } from './light-receiving.ts';
import { deliveryFacts, detailsOf, keptContext, readFrom } from './message.ts';
import { type Place, Places } from './place.ts';
import { recordRoundTrip, replyTo, type Request } from './requests.ts';
import { type ChannelState, storeSource } from './state.ts';
import type { MessageLike } from './types.ts';

const keepOnReturn: HandlerOptions = { onReturn: 'keep' };
const endOnReturn: HandlerOptions = {};

type Handler = (this: unknown, message: MessageLike | null) => unknown;

/** The source of received messages. */
interface Source {
  queue: string;
  noAck: boolean;
}

function sourceOf(queue: unknown, options: unknown): Source {
  return {
    queue: typeof queue === 'string' ? queue : '',
    noAck: Boolean((options as { noAck?: unknown } | null | undefined)?.noAck),
  };
}

/** Traces `consume`: a CONSUMER span around the handler of each message, in the message's context. */
export function traceConsume(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'consume',
    (raw) =>
      function consume(this: unknown, ...args: unknown[]): unknown {
        const [queue, handler, options, callback] = args;
        if (state.lag !== undefined) guard('noting a queue', () => noteLag(state, queue));
        if (typeof handler === 'function') {
          args[1] = guard('tracing a consumer', () =>
            tracedHandler(state, sourceOf(queue, options), handler as Handler),
          );
          args[1] ??= handler;
        }
        if (typeof callback === 'function') {
          args[3] = bindToContext(activeContext(), callback as (...results: unknown[]) => unknown);
        }
        return Reflect.apply(raw, this, args);
      },
  );
}

/** Queues named by the broker are omitted, because their number is unlimited. */
function noteLag({ lag, exclusiveQueues }: ChannelState, queue: unknown): void {
  if (typeof queue !== 'string') return;
  const { anonymous, temporary } = consumerDestination('', '', queue, exclusiveQueues) ?? {};
  if (!anonymous && !temporary) lag?.note(queue);
}

function tracedHandler(state: ChannelState, { queue, noAck }: Source, handler: Handler): Handler {
  const { messaging } = state;
  const places = new Places(state, queue);
  return function onMessage(this: unknown, message): unknown {
    const call = (): unknown => resultOf(message, handler.call(this, message));
    // Null means that the broker has cancelled the consumer. The context in which the connection was opened must not be active.
    if (message === null || message === undefined) return runInContext(ROOT_CONTEXT, call);
    let light: Unsampled | undefined;
    let delivery: Delivery | undefined;
    let incoming: Incoming | undefined;
    let request: Request | undefined;
    try {
      const place = places.of(message);
      const context = keptContext(messaging, message);
      if (context !== undefined) light = startKept(place, message, context, noAck);
      if (light === undefined) {
        incoming = readFrom(messaging, message, place.destination, context);
        request = state.requests.answeredBy(message, incoming);
        if (request !== undefined) incoming = replyTo(request, incoming);
        light = startLight(place, message, incoming, noAck);
        if (light === undefined) {
          delivery = keep(place, message, incoming.creation);
          // The context of a reply depends on its request.
          if (request !== undefined || !messaging.readsLate) delivery.incoming = incoming;
        }
      }
    } catch (error) {
      reportFault('reading a delivery', error);
    }
    if (light instanceof LightOperation) return runLight(state, noAck, message.fields.deliveryTag, light, call);
    if (light !== undefined) return runInContext(light, call);
    if (delivery === undefined || incoming === undefined) return runInContext(ROOT_CONTEXT, call);
    if (!noAck && !state.closed) state.deliveries.add(delivery);
    const operation = guard('tracing a delivery', () => startDelivery(message, delivery, incoming));
    if (operation === undefined) return runInContext(ROOT_CONTEXT, call);
    if (request !== undefined) recordRoundTrip(request, operation);
    return runRecorded(state, noAck, delivery, operation, call);
  };
}

/**
 * Runs the handler of a message. Without a promise it may finish later: then the operation ends when the message is settled,
 * unless the message needs no settlement.
 */
function runRecorded(
  state: ChannelState,
  noAck: boolean,
  delivery: Delivery,
  operation: Operation,
  call: () => unknown,
): unknown {
  let result: unknown;
  state.running.push(operation);
  try {
    result = runHandler(operation, call, noAck ? endOnReturn : keepOnReturn);
  } finally {
    state.running.pop();
  }
  if (isEagerPromise(result)) operation.track(state.processing);
  else if (!noAck) state.deliveries.endWhenSettled(delivery, operation);
  return result;
}

/** Stores a message for its settlement and for `processMessage`. */
function keep(place: Place, message: MessageLike, creation: SpanContext | undefined): Delivery {
  const delivery = new Delivery(message.fields.deliveryTag, place, creation, message);
  storeSource(message, delivery);
  return delivery;
}

function startDelivery(message: MessageLike, delivery: Delivery, incoming: Incoming): Operation {
  const { state, queue } = delivery.place;
  const operation = startProcessing(
    state.messaging,
    {
      name: 'process',
      attributes: state.server.address,
      details: detailsOf(message, queue),
    },
    incoming,
    ROOT_CONTEXT,
    'delivered',
    deliveryFacts(message, queue),
  );
  delivery.context = operation.context;
  return operation;
}

/** Traces `get`: a CLIENT span if it returned a message or failed. There is no span if the queue was empty. */
export function traceGet(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'get',
    (raw) =>
      function get(this: unknown, ...args: unknown[]): unknown {
        const source = sourceOf(args[0], args[1]);
        const parent = activeContext();
        const startedAt = new OperationClock();
        const failed = (error: unknown): void => startFailed(state, source, parent, startedAt).fail(error);
        try {
          return complete(raw, this, args, {
            where: 'tracing a get',
            done(message) {
              if (message === false) return;
              startReceived(state, message as MessageLike, source, parent, startedAt).end();
            },
            failed,
          });
        } catch (error) {
          guard('tracing a get', () => failed(error));
          throw error;
        }
      },
  );
}

function startReceived(
  state: ChannelState,
  message: MessageLike,
  source: Source,
  parent: Context,
  startedAt: OperationClock,
): Operation {
  const place = new Places(state, source.queue).of(message);
  const incoming = readFrom(state.messaging, message, place.destination);
  const delivery = keep(place, message, incoming.creation);
  delivery.incoming = incoming;
  if (!source.noAck && !state.closed) state.deliveries.add(delivery);
  const { address, peer } = state.server;
  return startReceiving(
    state.messaging,
    { name: 'get', attributes: address, peer, details: detailsOf(message, source.queue) },
    incoming,
    parent,
    startedAt,
  );
}

function startFailed(state: ChannelState, { queue }: Source, parent: Context, startedAt: OperationClock): Operation {
  const nothing: Incoming = {
    context: ROOT_CONTEXT,
    creation: undefined,
    destination: consumerDestination('', '', queue),
    attributes: undefined,
    sentAt: undefined,
  };
  const { address, peer } = state.server;
  return startReceiving(state.messaging, { name: 'get', attributes: address, peer }, nothing, parent, startedAt, 0);
}
