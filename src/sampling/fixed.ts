// Implements alwaysOn and alwaysOff: samplers that keep all spans or none.
import { ConsistentSampler, keptBy, dropIntent, type Intent } from './consistent-sampler.ts';
import { always } from './threshold.ts';
import type { SpanContext } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';

class AlwaysOn extends ConsistentSampler {
  readonly #intent = keptBy('alwaysOn', always);

  override get ignoresAttributes(): boolean {
    return true;
  }

  override get ignoresLinks(): boolean {
    return true;
  }

  override intent(): Intent {
    return this.#intent;
  }

  override toString(): string {
    return 'alwaysOn';
  }
}

class AlwaysOff extends ConsistentSampler {
  override get ignoresAttributes(): boolean {
    return true;
  }

  override get ignoresLinks(): boolean {
    return true;
  }

  override intent(): Intent {
    return dropIntent;
  }

  override neverSamplesRoot(): boolean {
    return true;
  }

  override neverSamplesBelowUnsampled(_parent: SpanContext): boolean {
    return true;
  }

  override toString(): string {
    return 'alwaysOff';
  }
}

/** Keeps every span (`th:0`). */
export const alwaysOn: Sampler = new AlwaysOn();

/** Keeps none. */
export const alwaysOff: Sampler = new AlwaysOff();
