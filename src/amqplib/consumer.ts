import { types } from 'node:util';
import { context as contextApi, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  guard,
  type Operation,
  replaceMethod,
  runHandler,
  startProcessing,
  startReceiving,
  OperationClock,
} from '../messaging/index.ts';
import type { ChannelState } from './channel-state.ts';
import { Delivery } from './deliveries.ts';
import { messageDetails, readMessage } from './message.ts';
import { remember } from './received.ts';
import type { MessageLike } from './types.ts';

type Handler = (this: unknown, message: MessageLike | null) => unknown;

/** Traces `consume`: a CONSUMER span around the handler of each message, in the message's context. */
export function traceConsume(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'consume',
    (raw) =>
      function consume(this: unknown, ...args: unknown[]): unknown {
        const [queue, handler, options, ...rest] = args;
        if (typeof handler !== 'function') return Reflect.apply(raw, this, args);
        const source = { queue: textOf(queue), noAck: isNoAck(options) };
        return raw.call(this, queue, tracedHandler(state, source, handler as Handler), options, ...rest);
      },
  );
}

interface Source {
  queue: string;
  noAck: boolean;
}

function tracedHandler(state: ChannelState, { queue, noAck }: Source, handler: Handler): Handler {
  return function onMessage(this: unknown, message): unknown {
    const call = (): unknown => handler.call(this, message);
    // Null says that the broker has cancelled the consumer. That, too, comes from the connection, not from who opened it.
    if (message === null || message === undefined) return contextApi.with(ROOT_CONTEXT, call);
    const started = guard('tracing a delivery', () => startDelivery(state, message, queue));
    if (started === undefined) return contextApi.with(ROOT_CONTEXT, call);
    const { operation, delivery } = started;
    if (noAck) {
      operation.track(state.processing);
      return runHandler(operation, call);
    }
    state.deliveries.push(delivery);
    operation.track(state.processing);
    const result = runHandler(operation, call, { onReturn: 'keep' });
    if (!types.isPromise(result)) delivery.endWhenSettled(operation);
    return result;
  };
}

function startDelivery(
  state: ChannelState,
  message: MessageLike,
  queue: string,
): { operation: Operation; delivery: Delivery } {
  const incoming = readMessage(state.messaging, message, queue);
  const delivery = new Delivery(message.fields.deliveryTag, incoming);
  const operation = startProcessing(
    state.messaging,
    { name: 'process', attributes: state.server.address, details: () => messageDetails(message, queue) },
    incoming,
  );
  delivery.context = operation.context;
  remember(message, { state, delivery, queue });
  return { operation, delivery };
}

/** Traces `get`: a CLIENT span for one that gave a message or failed. One that found the queue empty leaves no trace. */
export function traceGet(channel: object, state: ChannelState): void {
  replaceMethod(
    channel,
    'get',
    (raw) =>
      function get(this: unknown, ...args: unknown[]): unknown {
        const queue = textOf(args[0]);
        const noAck = isNoAck(args[1]);
        const parent = contextApi.active();
        const startedAt = new OperationClock();
        const pulled: unknown = Reflect.apply(raw, this, args);
        if (!types.isPromise(pulled)) return pulled;
        const receive = (message: MessageLike | undefined): Operation | undefined =>
          guard('tracing a get', () => startReceive(state, message, { queue, noAck }, parent, startedAt));
        return pulled.then(
          (message) => {
            if (message !== false) receive(message as MessageLike)?.end();
            return message;
          },
          (error: unknown) => {
            receive(undefined)?.fail(error);
            throw error;
          },
        );
      },
  );
}

function startReceive(
  state: ChannelState,
  message: MessageLike | undefined,
  { queue, noAck }: Source,
  parent: ReturnType<typeof contextApi.active>,
  startedAt: OperationClock,
): Operation {
  const nothing = { context: ROOT_CONTEXT, creation: undefined, attributes: undefined, sentAt: undefined };
  const incoming =
    message === undefined
      ? { ...nothing, destination: queue === '' ? undefined : { name: queue } }
      : readMessage(state.messaging, message, queue);
  if (message !== undefined) {
    const delivery = new Delivery(message.fields.deliveryTag, incoming);
    remember(message, { state, delivery, queue });
    if (!noAck && !state.closed) state.deliveries.pull(delivery);
  }
  return startReceiving(
    state.messaging,
    {
      name: 'get',
      attributes: state.server.address,
      details: () => ({ ...state.server.peer, ...(message && messageDetails(message, queue)) }),
    },
    incoming,
    parent,
    startedAt,
  );
}

function isNoAck(options: unknown): boolean {
  return Boolean((options as { noAck?: unknown } | null | undefined)?.noAck);
}

function textOf(queue: unknown): string {
  return typeof queue === 'string' ? queue : '';
}
