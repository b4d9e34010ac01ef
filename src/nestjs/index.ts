// Traces the handlers of NestJS, whose errors and duration the spans of the clients do not have.
import { type Span, SpanKind, SpanStatusCode, trace, type TracerProvider } from '@opentelemetry/api';
import { checkMethods, checkNames } from '../common/check-options.ts';
import { errorMessage, errorType } from '../common/error-type.ts';
import { isCertainlyUnsampled } from '../common/sampling-hint.ts';
import {
  activeContext,
  guard,
  Operation,
  runInContext,
  startSpans,
  tracerOf,
  type TracerSource,
} from '../messaging/index.ts';
import { observe, type Observing } from './observe.ts';
import type { CallHandlerLike, ExecutionContextLike, ObservableLike } from './types.ts';

export type { CallHandlerLike, ExecutionContextLike, ObservableLike } from './types.ts';

/** Options of {@link TraceInterceptor}. */
export interface TraceInterceptorOptions {
  /** The provider that creates spans. Default: the provider registered with OpenTelemetry's API, now or later. */
  tracerProvider?: TracerProvider | undefined;
}

/**
 * A NestJS interceptor: each call of a message handler has an INTERNAL span, such as `OrdersController.create`, with the error that the
 * handler throws, and its duration. The span of the message fails as well, if it has not ended yet. NestJS handles these errors itself,
 * and does not wait for handlers of RabbitMQ's events, so that the clients know neither.
 *
 *     providers: [{ provide: APP_INTERCEPTOR, useValue: new TraceInterceptor() }]
 *
 * HTTP and GraphQL requests are left to the instrumentation of the server.
 */
export class TraceInterceptor {
  readonly #tracer: TracerSource;
  readonly #provider: TracerProvider | undefined;

  /** @throws MqtraceError `INVALID_OPTION` */
  constructor(options: TraceInterceptorOptions = {}) {
    checkNames('TraceInterceptor', options, ['tracerProvider']);
    const { tracerProvider } = options;
    if (tracerProvider !== undefined) {
      checkMethods(tracerProvider, 'TraceInterceptor({ tracerProvider })', ['getTracer'], 'a TracerProvider');
    }
    this.#provider = tracerProvider;
    this.#tracer = tracerOf(tracerProvider);
  }

  /** Called by NestJS. The values, the error and the end are those of the handler. */
  intercept<O extends ObservableLike>(context: ExecutionContextLike, next: CallHandlerLike<O>): O {
    const source = next.handle();
    return guard('tracing a handler', () => this.#traced(context, source)) ?? source;
  }

  #traced<O>(context: ExecutionContextLike, source: O): O {
    if (['http', 'graphql'].includes(context.getType())) return source;
    // @golevelup/nestjs-rabbitmq binds the handlers.
    const method = context.getHandler().name.replace(/^bound /, '');
    const name = `${context.getClass().name}.${method}`;
    return observe(source, () => this.#start(name));
  }

  /** Undefined if the message is not sampled, so that neither its span nor that of the handler would record anything. */
  #start(name: string): Observing | undefined {
    const parent = activeContext();
    if (isCertainlyUnsampled(parent, this.#provider, true)) return undefined;
    const { spans, context } = startSpans(
      this.#tracer,
      name,
      { kind: SpanKind.INTERNAL, attributes: { 'code.function.name': name } },
      parent,
    );
    const operation = new Operation(context, spans);
    return {
      // The handler runs when the observable is subscribed to.
      run: (subscribe) => runInContext(context, subscribe),
      failed(error) {
        operation.fail(error);
        guard('recording an error', () => failMessage(trace.getSpan(parent), error));
      },
      ended: () => operation.end(),
    };
  }
}

/** Fails the span in which a message is processed, which would succeed, because the client does not see the error. */
function failMessage(span: Span | undefined, error: unknown): void {
  if (span === undefined || (span as { kind?: SpanKind }).kind !== SpanKind.CONSUMER || !span.isRecording()) return;
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
}
