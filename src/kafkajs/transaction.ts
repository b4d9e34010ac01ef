import { type Attributes } from '@opentelemetry/api';
import {
  ATTR_CONSUMER_GROUP_NAME,
  claim,
  isAutoInstrumented,
  noteAutoInstrumented,
  type Messaging,
  replaceMethod,
  whenGiven,
} from '../messaging/index.ts';
import type { ClientAttributes } from './client-attributes.ts';
import { traceSends } from './sender.ts';
import { settledBySendOffsets, traceSettle } from './settle.ts';

/**
 * Traces the transactions that a producer begins. Each call of a transaction is an operation of its own; the transaction as a whole
 * is no span, so that one which is neither committed nor aborted leaves none open.
 */
export function traceTransactions(producer: object, messaging: Messaging, facts: ClientAttributes): void {
  // Their instrumentation patches the methods of each transaction without a mark.
  const autoInstrumented = isAutoInstrumented(producer, 'transaction');
  replaceMethod(producer, 'transaction', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      return whenGiven(raw.apply(this, args), (transaction) => {
        if (autoInstrumented) noteAutoInstrumented(transaction as object);
        traceTransaction(transaction, messaging, facts);
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
