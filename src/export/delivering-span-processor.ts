// Connects a tracer provider with the destinations.
import type { Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { warn } from '../common/warnings.ts';
import type { HeldSpans } from '../common/held-spans.ts';
import { setRandomFlag } from '../common/random-trace-id.ts';
import type { DestinationQueue } from './destination-queue.ts';
import { addLost, joinProcessEnd, type LostAtEnd } from './process-end.ts';
import type { FlushResult, FlushTimeout } from './export-options.ts';
import { type DestinationStats, destinationStats } from './stats.ts';
import { drainDeferred } from '../common/deferred-work.ts';
import { isSampled } from '../common/is-sampled.ts';

/**
 * Passes every ended span to each destination, and saves the remaining spans when the process ends.
 *
 * @internal
 */
export class DeliveringSpanProcessor implements SpanProcessor {
  readonly destinations: readonly DestinationQueue[];
  #leave: () => void = () => undefined;
  #over = false;
  #warned = false;

  constructor(destinations: readonly DestinationQueue[]) {
    this.destinations = destinations;
  }

  /** Until the shutdown, delivers spans at the end of the process, and adopts the spools of processes that have ended. */
  start(): void {
    const { destinations } = this;
    for (const destination of destinations) destination.start();
    this.#leave = joinProcessEnd({
      onExit: () =>
        this.#sumLost((destination) => {
          destination.settleHeld();
          return destination.persistOrDrop('process_exit');
        }),
      onSignal: (last) =>
        this.#sumLost((destination) => {
          if (last) destination.settleHeld();
          return destination.persistAll();
        }),
      onLoopEmpty: () => {
        for (const destination of destinations) destination.loopEmpty();
      },
      flushAtEnd: () => {
        for (const destination of destinations) destination.flushAtEnd();
      },
    });
  }

  #sumLost(count: (destination: DestinationQueue) => LostAtEnd): LostAtEnd {
    drainDeferred();
    const total = { noSpool: 0, spoolFull: 0, spoolFailed: 0 };
    for (const destination of this.destinations) addLost(total, count(destination));
    return total;
  }

  /** Adds the spans of a preceding component to the counters, and has it decide on them at the end. */
  attachSource(source: HeldSpans): void {
    for (const destination of this.destinations) destination.accounting.source = source;
  }

  onStart(span: Span, parentContext: Context): void {
    // It is not known here whether the provider's trace ids are random: roots are not changed.
    setRandomFlag(span, parentContext, false);
  }

  onEnd(span: ReadableSpan): void {
    if (this.#over) this.#warnOnce(span);
    const sampled = isSampled(span.spanContext());
    const { destinations } = this;
    for (let each = 0; each < destinations.length; each++) {
      const destination = destinations[each]!;
      if (sampled) destination.add(span);
      else destination.accounting.dropNew('sampled_out');
    }
  }

  #warnOnce(span: ReadableSpan): void {
    if (this.#warned) return;
    this.#warned = true;
    warn(
      `spans end after the shutdown of tracing and are lost, the first one is ${JSON.stringify(span.name)}: shut down ` +
        `tracing when everything else has ended`,
    );
  }

  /** The counters of all spans, for every destination. */
  stats(): DestinationStats[] {
    return this.destinations.map(destinationStats);
  }

  /** Sends all spans that have ended so far and waits for the responses. Never rejects. */
  flush(timeout: FlushTimeout = {}): Promise<FlushResult> {
    drainDeferred();
    return this.#together((destination) => destination.flush(timeout));
  }

  /** Stops: drops new spans, sends queued spans and keeps the rest in the spool. Never rejects. */
  end(timeout: FlushTimeout = {}): Promise<FlushResult> {
    drainDeferred();
    const ended = this.#together((destination) => destination.shutdown(timeout)).finally(this.#leave);
    this.#over = true;
    return ended;
  }

  async #together(call: (destination: DestinationQueue) => Promise<FlushResult>): Promise<FlushResult> {
    const results = await Promise.all(this.destinations.map(call));
    const total = { exported: 0, left: 0, dropped: 0 };
    for (const result of results) {
      total.exported += result.exported;
      total.left += result.left;
      total.dropped += result.dropped;
    }
    return total;
  }

  async forceFlush(): Promise<void> {
    await this.flush();
  }

  async shutdown(): Promise<void> {
    await this.end();
  }
}
