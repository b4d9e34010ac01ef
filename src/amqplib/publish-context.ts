// Carries the context of a publish call in its options, through a library that publishes later.
import type { Context } from '@opentelemetry/api';

/** Registered, so that another copy of this package reads it too. amqplib reads options by name, and never this one. */
const publishContext = Symbol.for('mqtrace.publish_context');

/** A copy of the options that carries a context. Libraries that copy options copy it as well. */
export function withPublishContext(options: unknown, context: Context): object {
  return { [publishContext]: context, ...(options as object | null | undefined) };
}

/** The context of the call that was given these options; undefined if they carry none. */
export function publishContextOf(options: unknown): Context | undefined {
  if (typeof options !== 'object' || options === null) return undefined;
  return (options as { readonly [publishContext]?: Context })[publishContext];
}
