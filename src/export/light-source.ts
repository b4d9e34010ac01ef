// Describes what the spans of one light tracer share.
import type { ReadableSpan, SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { SdkTwins } from './sdk-twins.ts';

/** What is called for the start and the end of each span. @internal */
export interface LightProcessor extends Pick<SpanProcessor, 'onStart' | 'onEnding' | 'onEnd'> {
  /** Whether it no longer uses a span after `onEnd`, and has no `onEnding`, so that the next span may be the same object. */
  readonly keepsNoSpans?: boolean;
}

/** Shared data of the spans of one light tracer. @internal */
export interface LightSource {
  readonly resource: ReadableSpan['resource'];
  readonly scope: ReadableSpan['instrumentationScope'];
  /** Called for the start and end of each span. */
  readonly processor: LightProcessor;
  readonly limits: Required<SpanLimits>;
  /** Whether the SDK stores the number of dropped attributes on each link, as version 3 does. */
  readonly countsOnLinks: boolean;
  readonly twins: SdkTwins;
}
