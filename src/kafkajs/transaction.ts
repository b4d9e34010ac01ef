// Traces the transactions of a producer.
import { claim, isAutoInstrumented, markAutoInstrumented, replaceMethod, observeResult } from '../messaging/index.ts';
import { traceSends } from './sending.ts';
import { settledBySendOffsets, traceSettle } from './settling.ts';
import type { ClientState } from './state.ts';

/**
 * Traces the transactions that a producer begins. Each call of a transaction is a separate operation. There is no span for the
 * whole transaction, so that one which is neither committed nor aborted leaves no span open.
 */
export function traceTransactions(producer: object, state: ClientState): void {
  // OpenTelemetry's instrumentation patches the methods of each transaction without marking them.
  const autoInstrumented = isAutoInstrumented(producer, 'transaction');
  replaceMethod(producer, 'transaction', (raw) => {
    return function (this: unknown, ...args: unknown[]) {
      return observeResult(raw.apply(this, args), (transaction) => {
        if (autoInstrumented) markAutoInstrumented(transaction as object);
        traceTransaction(transaction, state);
      });
    };
  });
}

function traceTransaction(transaction: unknown, state: ClientState): void {
  if (typeof transaction !== 'object' || transaction === null || !claim(transaction, 'transaction', {})) return;
  // The offsets take effect when the transaction is committed, so the span of the commit names the group as well.
  let group: string | undefined;
  traceSends(transaction, state);
  traceSettle(transaction, 'sendOffsets', 'sendOffsets', state, (args) => {
    const settled = settledBySendOffsets(args);
    ({ group } = settled);
    return settled;
  });
  traceSettle(transaction, 'commit', 'commit', state, () => ({ group }), true);
  traceSettle(transaction, 'abort', 'abort', state, () => ({ group }), true);
}
