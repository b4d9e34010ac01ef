// Passes spans on to another provider, also those of tracers that were obtained before.
import type { Span, SpanOptions, Tracer, TracerOptions, TracerProvider } from '@opentelemetry/api';
import { linkList, type PreparedTracer } from '../common/prepared-span.ts';

type TracerArguments = [name: string, version?: string, options?: TracerOptions];

/** Remembers the tracers that a provider returns. There is one for each name, version and schema. */
export class TracerHandOver {
  readonly #tracers = new Map<Tracer, TracerArguments>();
  #next: TracerProvider | undefined;

  /** @param provider - its `getTracer` is replaced. Tracers that it returned before are not passed on. */
  constructor(provider: TracerProvider) {
    const raw = provider.getTracer.bind(provider);
    const getTracer = (...args: TracerArguments): Tracer => {
      if (this.#next !== undefined) return this.#next.getTracer(...args);
      const tracer = raw(...args);
      this.#tracers.set(tracer, args);
      return tracer;
    };
    Object.defineProperty(provider, 'getTracer', { value: getTracer, configurable: true, writable: true });
  }

  /** From now on, all spans are created by the tracers of this provider. */
  to(next: TracerProvider): void {
    this.#next = next;
    for (const [tracer, args] of this.#tracers) redirect(tracer, next.getTracer(...args));
    this.#tracers.clear();
  }
}

/** Only this object is changed: while nothing is handed over, a span costs the same. */
function redirect(tracer: Tracer, next: Tracer): void {
  const methods = {
    startSpan: (...args: Parameters<Tracer['startSpan']>): Span => next.startSpan(...args),
    startActiveSpan: (...args: Parameters<Tracer['startActiveSpan']>): unknown => next.startActiveSpan(...args),
    startPrepared(...[prepared, own, linked, startTime, context]: Parameters<PreparedTracer['startPrepared']>): Span {
      const options: SpanOptions = { kind: prepared.kind, attributes: prepared.with(own) };
      const links = linkList(linked);
      if (links !== undefined) options.links = links;
      if (startTime !== undefined) options.startTime = startTime;
      const span = next.startSpan(prepared.name, options, context);
      if (prepared.details !== undefined) span.setAttributes(prepared.details);
      return span;
    },
    // The other provider does not know prepared spans.
    mqtracePrepared: undefined,
  };
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(tracer, name, { value, configurable: true, writable: true });
  }
}
