// Checks the option that leaves the decision at the end of a trace to a Collector.
import { invalidOption, MqtraceError } from '../common/errors.ts';
import type { OptionPath } from './tail-conditions.ts';

/** The component that decides on ended traces instead of this process: OpenTelemetry's Collector. */
export type TailDecision = 'collector';

/** The options with which this process decides itself, so that a Collector would get parts of traces. */
const ownDecisions = ['keepErrors', 'keepSlow', 'keepWhen', 'errorBoost', 'maxTracesPerSecond', 'held'] as const;

/**
 * Whether a Collector decides.
 *
 * @throws MqtraceError `INVALID_OPTION` for another value, and together with options with which this process decides.
 * @internal
 */
export function leavesDecisionToCollector(
  where: OptionPath,
  options: { readonly [Name in 'tail' | (typeof ownDecisions)[number]]?: unknown },
): boolean {
  const { tail } = options;
  if (tail === undefined) return false;
  if (tail !== 'collector') throw invalidOption(where('tail'), tail, "'collector', or nothing");
  const conflict = ownDecisions.find((name) => options[name] !== undefined && options[name] !== false);
  if (conflict === undefined) return true;
  throw new MqtraceError(
    'INVALID_OPTION',
    `${where(conflict)}: cannot be used together with tail: 'collector', because the Collector would get only a part of a trace; ` +
      `remove it here and add a policy to the Collector's tail_sampling`,
  );
}
