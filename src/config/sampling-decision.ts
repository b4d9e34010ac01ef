// The values of the SDK's SamplingDecision, so that samplers do not load the SDK.
import type { SamplingDecision } from '@opentelemetry/sdk-trace';

const values: { readonly [Name in keyof typeof SamplingDecision]: unknown } = {
  NOT_RECORD: 0,
  RECORD: 1,
  RECORD_AND_SAMPLED: 2,
};

/** @internal */
export const dropped = values.NOT_RECORD as SamplingDecision.NOT_RECORD;
/** @internal */
export const recorded = values.RECORD as SamplingDecision.RECORD;
/** @internal */
export const recordedAndSampled = values.RECORD_AND_SAMPLED as SamplingDecision.RECORD_AND_SAMPLED;
