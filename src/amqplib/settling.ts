// Traces ack, nack, reject, ackAll, nackAll and recover.
import { reportFault } from '../common/faults.ts';
import { type Operation, replaceMethod } from '../messaging/index.ts';
import { complete, takesCallbacks } from './completion.ts';
import { lightTagOf, settleLight } from './light-settling.ts';
import { type Given, type How, type Name, Settlement, SeveralSettled, type Settling } from './settlement.ts';
import type { ChannelState } from './state.ts';

/** The index of the argument `requeue`. */
const requeueArgument: Readonly<Record<Name, number | undefined>> = { ack: undefined, nack: 2, reject: 1 };

/**
 * Traces `ack`, `nack`, `reject`, `ackAll` and `nackAll`: a CLIENT span below the process span of the message, which is found by
 * its delivery tag, for any object that the application passes.
 */
export function traceSettling(channel: object, state: ChannelState): void {
  for (const name of ['ack', 'nack', 'reject'] as const) {
    const requeueAt = requeueArgument[name];
    const requeues: How = { name, rejects: false };
    const rejects: How = { name, rejects: true };
    replaceSettle(channel, state, name, (args) => {
      const message = args[0] as Given;
      const tag = message?.fields?.deliveryTag;
      const how = requeueAt !== undefined && isRejection(args[requeueAt]) ? rejects : requeues;
      if (name !== 'reject' && args[1]) return new SeveralSettled(how, state, message, tag);
      return new Settlement(how, state, message, tag);
    });
  }
  for (const name of ['ack', 'nack'] as const) {
    replaceSettle(channel, state, `${name}All`, (args) => {
      const rejects = name === 'nack' && isRejection(args[0]);
      return new SeveralSettled({ name, rejects }, state, undefined, 0);
    });
  }
}

/** Interprets `requeue` as amqplib does. */
function isRejection(requeue: unknown): boolean {
  return requeue !== undefined && !requeue;
}

function replaceSettle(
  channel: object,
  state: ChannelState,
  method: string,
  find: (args: readonly unknown[]) => Settling,
): void {
  replaceMethod(
    channel,
    method,
    (raw) =>
      function settle(this: unknown, ...args: unknown[]): unknown {
        const light = lightTagOf(state, method, args);
        if (light !== undefined) return settleLight(state, method, light, raw, this, args);
        // No closures, because each would be created for each message.
        let settlement: Settling | undefined;
        let operation: Operation | undefined;
        try {
          settlement = find(args);
          operation = settlement.start();
        } catch (error) {
          reportFault('tracing a settlement', error);
        }
        let result: unknown;
        try {
          result = Reflect.apply(raw, this, args);
        } catch (error) {
          operation?.fail(error);
          endSettlement(settlement, { error });
          throw error;
        }
        operation?.end();
        endSettlement(settlement, undefined);
        return result;
      },
  );
}

/** Tells a settlement that the client has sent it, or has thrown. */
function endSettlement(settlement: Settling | undefined, failure: { readonly error: unknown } | undefined): void {
  try {
    if (failure === undefined) settlement?.settle();
    else settlement?.failed?.(failure.error);
  } catch (error) {
    reportFault('ending a settlement', error);
  }
}

/** `recover` returns every unsettled message to its queue. They are delivered again with new tags. */
export function traceRecover(channel: object, state: ChannelState): void {
  const callbackAt = takesCallbacks(channel) ? 0 : undefined;
  replaceMethod(
    channel,
    'recover',
    (raw) =>
      function recover(this: unknown, ...args: unknown[]): unknown {
        const highest = Math.max(state.deliveries.highest, state.lightDeliveries.highest);
        return complete(raw, this, args, {
          where: 'ending recovered deliveries',
          callbackAt,
          done() {
            state.settleUpTo(highest);
          },
        });
      },
  );
}
