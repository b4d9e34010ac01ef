// A span for each call of a handler, with what the handler throws. NestJS handles these errors itself, and does not wait for handlers
// of RabbitMQ's messages, so that the spans of the clients cannot have them.
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { finalize, Observable, tap } from 'rxjs';

export class HandlerSpans implements NestInterceptor {
  intercept(call: ExecutionContext, next: CallHandler): Observable<unknown> {
    return new Observable((subscriber) => {
      // @golevelup/nestjs-rabbitmq binds the handlers.
      const handler = call.getHandler().name.replace('bound ', '');
      const span = trace.getTracer('nestjs').startSpan(`${call.getClass().name}.${handler}`);
      const error = (thrown: Error): void => {
        span.recordException(thrown);
        span.setAttribute('error.type', thrown.name);
        span.setStatus({ code: SpanStatusCode.ERROR, message: thrown.message });
      };
      // The handler runs in the context in which handle() is called.
      return context.with(trace.setSpan(context.active(), span), () =>
        next
          .handle()
          .pipe(
            tap({ error }),
            finalize(() => span.end()),
          )
          .subscribe(subscriber),
      );
    });
  }
}
