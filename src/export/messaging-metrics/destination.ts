// Sends metrics to one receiver, and tracks what the receiver has accepted.
import { setTimeout as sleep } from 'node:timers/promises';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { ProtobufWriter } from '../../common/protobuf-writer.ts';
import { reportFault } from '../../common/faults.ts';
import { suppressTracing } from '../../common/suppression.ts';
import { warnEachMinute } from '../../common/warnings.ts';
import { observe } from '../../metrics/levels.ts';
import { type CollectedMetric, MetricsReader, type Temporality } from '../../metrics/reader.ts';
import { Backoff } from '../backoff.ts';
import type { InstrumentationScope, Resource } from '../otlp-encoder.ts';
import type { Sender } from '../sender.ts';
import { encodeMetrics } from './encoder.ts';
import { metricsToJson } from './json.ts';

/** Where and how metrics are sent. @internal */
export interface MetricsTarget {
  /** For messages. */
  readonly name: string;
  readonly sender: Sender;
  readonly json: boolean;
  readonly temporality: Temporality;
  readonly maxSeries: number | undefined;
  readonly resource: Resource;
  readonly scope: InstrumentationScope;
}

/** The longest time that the application waits for a receiver that has never responded. */
const unansweredMs = 5000;
/** The maximum delay of an export by brokers from which lag is read. */
const observationMs = 5000;

/** The outcome of a request. */
type Outcome = 'taken' | 'lost' | 'unanswered';

/** One receiver of metrics. @internal */
export class MetricsDestination {
  readonly #target: MetricsTarget;
  readonly #reader: MetricsReader;
  readonly #writer = new ProtobufWriter(4096);
  #exporting: Promise<void> = Promise.resolve();
  /** Ends the delay before the next attempt of the current export. */
  #hurry = new AbortController();
  #answered = false;
  #told = 0;

  constructor(target: MetricsTarget) {
    this.#target = target;
    this.#reader = new MetricsReader(target.temporality, target.maxSeries);
  }

  /** Whether anything was counted since the start of the last export. */
  get hasNews(): boolean {
    return this.#reader.counted !== this.#told;
  }

  /** Sends the current counts after the current export, if any. Never rejects. */
  export(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    this.#hurry.abort();
    this.#exporting = this.#exporting
      .then(() => this.#export(deadline))
      .catch((error: unknown) => {
        reportFault('exporting metrics', error);
      });
    return this.#exporting;
  }

  async close(): Promise<void> {
    this.#hurry.abort();
    await this.#exporting;
    this.#reader.close();
    this.#target.sender.close();
  }

  async #export(deadline: number): Promise<void> {
    this.#hurry = new AbortController();
    const leftMs = Math.max(0, deadline - performance.now());
    await observe(Math.min(leftMs / 2, observationMs));
    this.#told = this.#reader.counted;
    const { metrics, commit } = this.#reader.collect();
    if (metrics.length === 0) return;
    const outcome = await this.#deliver(metrics, deadline, new Backoff());
    // Values that were not accepted are part of the next export.
    if (outcome !== 'unanswered') commit();
  }

  async #deliver(metrics: readonly CollectedMetric[], deadline: number, backoff: Backoff): Promise<Outcome> {
    const { sender, json, resource, scope } = this.#target;
    const request = { resource, scope, metrics };
    const bytes = json ? Buffer.from(JSON.stringify(metricsToJson(request))) : encodeMetrics(this.#writer, request);
    const started = performance.now();
    for (;;) {
      const limit = this.#answered ? deadline : Math.min(deadline, started + unansweredMs);
      const leftMs = limit - performance.now();
      if (leftMs <= 0) break;
      const signal = AbortSignal.timeout(Math.ceil(leftMs));
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      const result = await context.with(suppressTracing(ROOT_CONTEXT), () => sender.send(bytes, signal));
      if (result.status !== 'retry' || result.answered === true) this.#answered = true;
      if (result.status === 'ok') {
        if (result.rejected > 0) this.#warn('lost', `rejected ${result.rejected} data points`);
        return 'taken';
      }
      if (result.status === 'split' && metrics.length > 1) return this.#deliverHalves(metrics, deadline, backoff);
      if (result.status !== 'retry') {
        this.#warn('lost', `rejected metrics:  ${messageOf(result.error)}`);
        return 'lost';
      }
      this.#warn('trouble', `did not accept metrics:  ${messageOf(result.error)}`);
      if (result.wrongProtocol === true) break;
      const pauseMs = backoff.next(result.afterMs);
      if (performance.now() + pauseMs >= limit) break;
      // oxlint-disable-next-line no-await-in-loop -- one attempt after the other
      await sleep(pauseMs, undefined, { ref: false, signal: this.#hurry.signal }).catch(() => undefined);
      // The export that waits for this one contains the same data and more.
      if (this.#hurry.signal.aborted) break;
    }
    return 'unanswered';
  }

  async #deliverHalves(metrics: readonly CollectedMetric[], deadline: number, backoff: Backoff): Promise<Outcome> {
    const middle = Math.ceil(metrics.length / 2);
    const first = await this.#deliver(metrics.slice(0, middle), deadline, backoff);
    const second = await this.#deliver(metrics.slice(middle), deadline, backoff);
    // An accepted half must not be sent again, or it would count twice.
    return first === 'unanswered' && second === 'unanswered' ? 'unanswered' : 'taken';
  }

  #warn(kind: string, what: string): void {
    const { name } = this.#target;
    warnEachMinute(`metrics ${kind} ${name}`, `${name} ${what}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
