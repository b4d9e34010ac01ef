// A sender whose results are set by the test.
import { toJson } from '../otlp-json.ts';
import { countSpans } from '../otlp-request.ts';
import type { Sender, SendResult } from '../sender.ts';

const spanIds = (bytes: Buffer): string[] =>
  toJson(bytes).resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)),
  );

/** A sender whose requests stay open until the test answers them. */
export class ScriptedSender implements Sender {
  readonly open: { readonly spans: number; readonly answer: (result: SendResult) => void }[] = [];
  /** The maximum number of concurrently open requests. */
  mostOpen = 0;
  /** Acknowledged spans. */
  acknowledged = 0;
  /** Requests whose bytes belonged to another batch when they were answered. */
  overwritten = 0;
  closed = false;
  /** Called for each sent request, with the ids of its spans. */
  onSend: (ids: readonly string[], bytes: Buffer) => void = () => undefined;

  send(bytes: Buffer, signal: AbortSignal): Promise<SendResult> {
    const spans = countSpans(bytes);
    const sent = Buffer.from(bytes);
    this.onSend(spanIds(bytes), bytes);
    return new Promise((resolve) => {
      const entry = {
        spans,
        answer: (result: SendResult): void => {
          this.open.splice(this.open.indexOf(entry), 1);
          if (!sent.equals(bytes)) this.overwritten++;
          if (result.status === 'ok') this.acknowledged += spans - Math.min(spans, result.rejected);
          resolve(result);
        },
      };
      this.open.push(entry);
      this.mostOpen = Math.max(this.mostOpen, this.open.length);
      signal.addEventListener('abort', () => entry.answer({ status: 'retry', error: 'aborted' }), { once: true });
    });
  }

  close(): void {
    this.closed = true;
  }
}
