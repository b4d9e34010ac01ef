// Finds the messages that a settlement of several messages settles.
import type { Deliveries, Delivery } from './deliveries.ts';
import type { LightDeliveries } from './light-deliveries.ts';

/**
 * The unsettled deliveries up to a tag, in the order of their tags. Later changes do not affect them. They are found as lists of
 * neighbouring tags: visiting each of very many deliveries would block the application.
 */
export class Unsettled implements Iterable<Delivery> {
  readonly #recorded: ReturnType<Deliveries['findUpTo']>;
  readonly #light: ReturnType<LightDeliveries['findUpTo']>;
  readonly size: number;

  constructor(deliveries: Deliveries, light: LightDeliveries, tag: number) {
    this.#recorded = deliveries.findUpTo(tag);
    this.#light = light.findUpTo(tag);
    let size = deliveries.countUpTo(tag);
    for (const { count } of this.#light.values()) size += count;
    this.size = size;
  }

  *[Symbol.iterator](): Generator<Delivery, void> {
    const indices = new Set([...this.#recorded.keys(), ...this.#light.keys()]);
    for (const index of [...indices].toSorted((one, other) => one - other)) {
      const recorded = this.#recorded.get(index);
      const light = this.#light.get(index);
      const length = Math.max(recorded?.length ?? 0, light?.length ?? 0);
      for (let at = 0; at < length; at++) {
        const delivery = recorded?.[at] ?? light?.find(at);
        if (delivery !== undefined) yield delivery;
      }
    }
  }
}
