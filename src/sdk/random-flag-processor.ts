// Sets the random-trace-id flag on the spans of startTracing().
import type { Context } from '@opentelemetry/api';
import type { Span, SpanProcessor } from '@opentelemetry/sdk-trace';
import { setRandomFlag } from '../common/random-trace-id.ts';

/**
 * Precedes all other processors, so that they see the flag. The trace ids of startTracing() come from the SDK's generator, so they
 * are random.
 *
 * @internal
 */
export class RandomFlagProcessor implements SpanProcessor {
  onStart(span: Span, parentContext: Context): void {
    setRandomFlag(span, parentContext, true);
  }

  onEnd(): void {}

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {}
}
