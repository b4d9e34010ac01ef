import { connect } from 'amqplib';
import { captureContext, type CapturedContext, withCapturedContext } from 'mqtrace';
import { traceConnection } from 'mqtrace/amqplib';

/** A row of the outbox table; `context` is a JSON column. */
export interface OutboxRow {
  payload: string;
  context: string;
}

/** Within the request: the row is written in the transaction of the order itself, with the context of the request. */
export function writeOrder(outbox: OutboxRow[], payload: string): void {
  const context: CapturedContext = captureContext();
  outbox.push({ payload, context: JSON.stringify(context) });
}

/** Later, in another process: each row is published in the trace and with the baggage of the request that wrote it. */
export async function relay(url: string, queue: string, outbox: OutboxRow[]): Promise<void> {
  const connection = traceConnection(await connect(url));
  const channel = await connection.createConfirmChannel();
  for (const row of outbox.splice(0)) {
    withCapturedContext(row.context, () => channel.sendToQueue(queue, Buffer.from(row.payload)));
  }
  await channel.waitForConfirms();
  await connection.close();
}
