// Builds the results of samplers.
import type { SamplingResult } from '@opentelemetry/sdk-trace';
import { dropped } from '../config/sampling-decision.ts';

export { dropped, recorded, recordedAndSampled } from '../config/sampling-decision.ts';

/** The result for a span that is not sampled. @internal */
export const notSampled: SamplingResult = { decision: dropped };
