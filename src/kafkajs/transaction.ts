import { types } from 'node:util';
import { type Attributes } from '@opentelemetry/api';
import { ATTR_CONSUMER_GROUP_NAME, claim, guard, type Messaging, replaceMethod } from '../messaging/index.ts';
import type { ClientAttributes } from './client-attributes.ts';
import { traceSends } from './sender.ts';
import { settledBySendOffsets, traceSettle } from './settle.ts';

/**
 * Traces the transactions that a producer begins. Each call of a transaction is an operation of its own; the transaction as a whole
 * is no span, so that one which is neither committed nor aborted leaves none open.
 */
export function traceTransactions(producer: object, messaging: Messaging, facts: ClientAttributes): void {
  replaceMethod(producer, 'transaction', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      const begun = raw.apply(this, args);
      if (!types.isPromise(begun)) return begun;
      return begun.then((transaction) => {
        guard('tracing a transaction', () => traceTransaction(transaction, messaging, facts));
        return transaction;
      });
    };
  });
}

function traceTransaction(transaction: unknown, messaging: Messaging, facts: ClientAttributes): void {
  if (typeof transaction !== 'object' || transaction === null || !claim(transaction, 'transaction', {})) return;
  // The offsets take effect when the transaction is committed, so that is said of the group there, too.
  let group: Attributes = {};
  traceSends(transaction, messaging, facts);
  traceSettle(transaction, 'sendOffsets', 'sendOffsets', messaging, facts, (args) => {
    const settled = settledBySendOffsets(args);
    group = { [ATTR_CONSUMER_GROUP_NAME]: settled.attributes?.[ATTR_CONSUMER_GROUP_NAME] };
    return settled;
  });
  traceSettle(transaction, 'commit', 'commit', messaging, facts, () => ({ attributes: group }));
  traceSettle(transaction, 'abort', 'abort', messaging, facts, () => ({ attributes: group }));
}
