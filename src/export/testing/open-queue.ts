// Creates a destination queue whose requests are answered by the test.
import { DestinationQueue } from '../destination-queue.ts';
import type { DeliveryOptions } from '../export-options.ts';
import type { SendResult } from '../sender.ts';
import { plainSpan } from './plain-span.ts';
import { ScriptedSender } from './scripted-sender.ts';

export const ok: SendResult = { status: 'ok', rejected: 0 };
/** Runs all due timers and microtasks. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A queue whose requests are answered by the test. */
export function open(options: DeliveryOptions = {}): { sender: ScriptedSender; queue: DestinationQueue } {
  const sender = new ScriptedSender();
  return { sender, queue: new DestinationQueue('test', sender, options) };
}

let id = 0;
/** Ends a number of spans, each with a number of additional bytes. */
export function add(queue: DestinationQueue, spans: number, bytes = 0): void {
  for (let i = 0; i < spans; i++) queue.add(plainSpan(++id, { attributes: { text: 'x'.repeat(bytes) } }));
}

export function answerAll(sender: ScriptedSender, result: SendResult): void {
  while (sender.open.length > 0) sender.open[0]!.answer(result);
}

/** The spans of each open request. */
export const sentSpans = (sender: ScriptedSender): number[] => sender.open.map(({ spans }) => spans);
