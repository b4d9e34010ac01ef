// Prepares the common data of light spans of one operation, in the forms that they use.
import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import { linkList, type PreparedSpan } from '../common/prepared-span.ts';
import { type FlatAttributes, flatten, toObject } from './flat-attributes.ts';
import type { LightSource } from './light-source.ts';
import type { LightSpan } from './light-span.ts';

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
  /** The same with the attributes of the last sampling result; undefined if they are not simple. */
  sampled: { readonly attributes: Attributes; readonly parts: LightParts | undefined } | undefined;
  /** How often the sampling result has been another one. */
  changes: number;
}

/** A sampler with more results is not worth preparing them. */
const changesAtMost = 100;

/** Undefined if the SDK would drop or change one of the attributes. @internal */
export function partsOf(prepared: PreparedSpan, source: LightSource): LightParts | undefined {
  const kept = prepared.kept as { source: LightSource; parts: LightParts | undefined } | undefined;
  if (kept?.source === source) return kept.parts;
  const flat = flatten(prepared.attributes, source.limits);
  const details = flat && flatten(prepared.details, source.limits);
  const isSimple = details !== undefined && !details.some((name, at) => at % 2 === 0 && hasName(flat!, name as string));
  const parts = isSimple ? unused(source, flat!.concat(details), flat!.length) : undefined;
  prepared.kept = { source, parts };
  return parts;
}

function unused(source: LightSource, flat: FlatAttributes, detailsAt: number): LightParts {
  return { source, flat, detailsAt, bytes: undefined, used: false, sampled: undefined, changes: 0 };
}

/**
 * The common data with the attributes of a sampling result. Undefined if the SDK would drop or change one of them, or if one of
 * them replaces another attribute.
 *
 * @param attributes - not modified afterwards.
 * @param own - those of this span.
 * @internal
 */
export function withSampled(parts: LightParts, attributes: Attributes, own: FlatAttributes): LightParts | undefined {
  if (parts.sampled?.attributes !== attributes) {
    if (parts.changes >= changesAtMost) return undefined;
    parts.changes++;
    parts.sampled = { attributes, parts: combined(parts, attributes) };
  }
  const { parts: both } = parts.sampled;
  if (both === undefined || both.flat.length + own.length > 2 * parts.source.limits.attributeCountLimit)
    return undefined;
  for (let at = 0; at < own.length; at += 2) {
    if (hasName(both.flat, own[at] as string, parts.flat.length)) return undefined;
  }
  return both;
}

function combined(parts: LightParts, attributes: Attributes): LightParts | undefined {
  const { source, flat, detailsAt } = parts;
  const more = flatten(attributes, source.limits);
  if (more === undefined) return undefined;
  for (let at = 0; at < more.length; at += 2) if (hasName(flat, more[at] as string)) return undefined;
  return unused(source, flat.concat(more), detailsAt);
}

/**
 * Adds the attributes of a sampling result to a started span, if {@link withSampled} cannot.
 *
 * @param details - those of the prepared span, which take precedence.
 * @internal
 */
export function addSampled(
  span: LightSpan,
  added: Attributes,
  parts: LightParts | undefined,
  flat: FlatAttributes,
  linked: SpanContext | Link[],
  details: Attributes | undefined,
): void {
  const { length } = flat;
  // Details come after the sampler's attributes, which matters for equal names and for the limit.
  if (span.addAtStart(added) && (details === undefined || span.parts === parts)) return;
  const before = toObject(flat.slice(0, length), parts?.flat.slice(0, parts.detailsAt));
  span.startWith(Object.assign(before, added), linkList(linked)!);
  if (details !== undefined) span.setAttributes(details);
}

/** Whether an attribute with this name is in the list. @internal */
export function hasName(flat: FlatAttributes, name: string, from = 0): boolean {
  for (let at = from; at < flat.length; at += 2) if (flat[at] === name) return true;
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
