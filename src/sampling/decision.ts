// What samplers answer with.
import type { SamplingResult } from '@opentelemetry/sdk-trace';
import { dropped } from '../config/sampling-decision.ts';

export { dropped, recorded, recordedAndSampled } from '../config/sampling-decision.ts';

/** The answer of a sampler that does not keep a span. @internal */
export const notSampled: SamplingResult = { decision: dropped };
