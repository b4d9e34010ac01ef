// Base class of samplers that combine several samplers.
import type { Sampler } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { ConsistentSampler } from './consistent-sampler.ts';
import { composable } from './foreign.ts';

/** Combines several samplers into one. @internal */
export abstract class Combination extends ConsistentSampler {
  readonly members: readonly ConsistentSampler[];
  readonly #name: string;

  constructor(name: string, samplers: readonly Sampler[]) {
    super();
    if (samplers.length === 0) throw invalidOption(`${name}(...samplers)`, samplers, 'one sampler or more');
    this.members = samplers.map((sampler, index) => composable(`${name}(), argument ${index + 1}`, sampler));
    this.#name = `${name}(${this.members.join(', ')})`;
  }

  override get randomSource(): (() => number) | undefined {
    for (const member of this.members) if (member.randomSource) return member.randomSource;
    return undefined;
  }

  override get readsOnly(): boolean {
    return this.members.every((member) => member.readsOnly);
  }

  override toString(): string {
    return this.#name;
  }
}
