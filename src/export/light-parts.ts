// Prepares the common data of light spans of one operation, in the forms that they use.
import type { PreparedSpan } from '../common/prepared-span.ts';
import { type FlatAttributes, flatten } from './flat-attributes.ts';
import type { LightSource } from './light-span.ts';

/** The data stored with a prepared span. @internal */
export interface LightParts {
  /** The limits for which it is simple. */
  readonly source: LightSource;
  /** Alternating names and values; details are the last ones. */
  readonly flat: FlatAttributes;
  /** The index of the first detail. */
  readonly detailsAt: number;
  /** Name, kind and these attributes in protobuf; undefined until the second such span ends. */
  bytes: Uint8Array | undefined;
  /** Whether such a span has ended already. */
  used: boolean;
}

/** Undefined if the SDK would drop or change one of the attributes. @internal */
export function partsOf(prepared: PreparedSpan, source: LightSource): LightParts | undefined {
  const kept = prepared.kept as { source: LightSource; parts: LightParts | undefined } | undefined;
  if (kept?.source === source) return kept.parts;
  const flat = flatten(prepared.attributes, source.limits);
  const details = flat && flatten(prepared.details, source.limits);
  const isSimple = details !== undefined && !details.some((name, at) => at % 2 === 0 && hasName(flat!, name as string));
  const parts = isSimple
    ? { source, flat: flat!.concat(details), detailsAt: flat!.length, bytes: undefined, used: false }
    : undefined;
  prepared.kept = { source, parts };
  return parts;
}

/** Whether an attribute with this name is in the list. @internal */
export function hasName(flat: FlatAttributes, name: string): boolean {
  for (let at = 0; at < flat.length; at += 2) if (flat[at] === name) return true;
  return false;
}

/**
 * The attributes of one span of this operation as a list, without undefined values; undefined if the SDK would drop or change
 * one of them, or if one is in common already. @internal
 */
export function flattenOwn(parts: LightParts, own: object | undefined): FlatAttributes | undefined {
  const { limits } = parts.source;
  const flat = flatten(own, limits, true);
  if (flat === undefined) return undefined;
  for (let at = 0; at < flat.length; at += 2) if (hasName(parts.flat, flat[at] as string)) return undefined;
  return parts.flat.length + flat.length > 2 * limits.attributeCountLimit ? undefined : flat;
}
