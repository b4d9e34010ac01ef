// Stores attributes as a flat list, for light spans.
import type { Attributes, Link, SpanContext } from '@opentelemetry/api';
import type { SpanLimits } from '@opentelemetry/sdk-trace';
import { type Linked, linkList } from '../common/prepared-span.ts';

/** A value that every version of the SDK stores unchanged. A list is stored as a copy. @internal */
export type PlainValue = string | number | boolean | string[];

/** Alternating names and values, without repeated names. @internal */
export type FlatAttributes = PlainValue[];

/**
 * No attributes, of any number of spans. It is not frozen, because V8 would treat it as another kind of list, but {@link setFlat} copies it.
 * @internal
 */
export const noFlat: FlatAttributes = [];

/** No links, on any number of spans. @internal */
export const noLinks: readonly Link[] = Object.freeze([]);

const hasOwn: (object: object, key: string) => boolean = (object, key) =>
  Object.prototype.hasOwnProperty.call(object, key);

/** Whether an object would store this name as its last key: not if it is a number or `__proto__`. */
function isPlainKey(key: string): boolean {
  const first = key.charCodeAt(0);
  return first > 57 && (first !== 95 || key !== '__proto__');
}

/** Whether the SDK would store this single value unchanged. */
function isPlainScalar(value: unknown, lengthLimit: number): value is string | number | boolean {
  if (typeof value === 'string') return value.length <= lengthLimit;
  return typeof value === 'number' || typeof value === 'boolean';
}

/** The value as it is stored; undefined if the SDK would drop or change it. */
function plainValue(value: unknown, lengthLimit: number): PlainValue | undefined {
  if (isPlainScalar(value, lengthLimit)) return value;
  return Array.isArray(value) && value.length > 0 ? copyOfTexts(value, lengthLimit) : undefined;
}

/** Other lists are left to the SDK. */
function copyOfTexts(given: readonly unknown[], lengthLimit: number): string[] | undefined {
  const first = given[0];
  if (typeof first !== 'string' || first.length > lengthLimit) return undefined;
  const texts = [first];
  for (let at = 1; at < given.length; at++) {
    const text = given[at];
    if (typeof text !== 'string' || text.length > lengthLimit) return undefined;
    texts.push(text);
  }
  return texts;
}

/**
 * The attributes as a list; undefined if the SDK would drop or change one of them.
 *
 * @param skipUndefined - whether undefined values are ignored. Default: the SDK decides about them.
 * @internal
 */
export function flatten(
  attributes: unknown,
  limits: Required<SpanLimits>,
  skipUndefined = false,
): FlatAttributes | undefined {
  if (attributes === undefined) return noFlat;
  if (typeof attributes !== 'object') return undefined;
  const { attributeValueLengthLimit } = limits;
  let count = 0;
  for (const _ in attributes) count++;
  if (count === 0) return noFlat;
  // Adding to an empty list would reserve memory for 16 elements, for as long as the span is open.
  const flat = listOf(2 * count);
  let length = 0;
  for (const key in attributes) {
    if (!hasOwn(attributes, key)) continue;
    const given = (attributes as Record<string, unknown>)[key];
    if (skipUndefined && given === undefined) continue;
    const value = isPlainKey(key) ? plainValue(given, attributeValueLengthLimit) : undefined;
    if (value === undefined) return undefined;
    flat[length++] = key;
    flat[length++] = value;
  }
  if (length < flat.length) flat.length = length;
  return length > 2 * limits.attributeCountLimit ? undefined : flat;
}

/** A list of exactly this length, to be filled. */
function listOf(length: number): FlatAttributes {
  // oxlint-disable-next-line unicorn/no-new-array -- of this length
  return new Array<PlainValue>(length);
}

/** Up to this length, a list to which an attribute is added is copied, because V8 would reserve memory for 16 more elements. */
const shortList = 16;

/**
 * Sets an attribute. Returns the list, which is another one if it had to grow; undefined, without a change, if the SDK would drop
 * or change the attribute.
 *
 * @param others - the length of another list of the span, without this name.
 * @internal
 */
export function setFlat(
  flat: FlatAttributes,
  key: string,
  given: unknown,
  limits: Required<SpanLimits>,
  others = 0,
): FlatAttributes | undefined {
  if (typeof key !== 'string' || !isPlainKey(key)) return undefined;
  const value = plainValue(given, limits.attributeValueLengthLimit);
  if (value === undefined) return undefined;
  const { length } = flat;
  for (let at = 0; at < length; at += 2) {
    if (flat[at] === key) {
      flat[at + 1] = value;
      return flat;
    }
  }
  if (length + others >= 2 * limits.attributeCountLimit) return undefined;
  if (length > shortList) {
    flat.push(key, value);
    return flat;
  }
  const grown = listOf(length + 2);
  for (let at = 0; at < length; at++) grown[at] = flat[at]!;
  grown[length] = key;
  grown[length + 1] = value;
  return grown;
}

/** @internal */
export function toObject(flat: FlatAttributes, before: FlatAttributes = []): Attributes {
  const attributes: Attributes = {};
  for (let at = 0; at < before.length; at += 2) attributes[before[at] as string] = before[at + 1]!;
  for (let at = 0; at < flat.length; at += 2) attributes[flat[at] as string] = flat[at + 1]!;
  return attributes;
}

/**
 * Links as the SDK stores them; undefined if it would drop a link, or drop or change one of their attributes.
 *
 * @param countDropped - whether the SDK stores the number of dropped attributes on each link, as version 3 does.
 * @internal
 */
export function plainLinks(
  given: readonly Link[] | undefined,
  limits: Required<SpanLimits>,
  countDropped: boolean,
): Link[] | undefined {
  const links: Link[] = [];
  if (given == null) return links;
  if (!Array.isArray(given) || given.length > limits.linkCountLimit) return undefined;
  for (const { context, attributes } of given as readonly Link[]) {
    if (attributes == null) {
      links.push({ context });
      continue;
    }
    const flat = flatten(attributes, limits);
    if (flat === undefined || flat.length > 2 * limits.attributePerLinkCountLimit) return undefined;
    if (countDropped) links.push({ context, attributes: toObject(flat), droppedAttributesCount: 0 });
    else links.push(flat.length === 0 ? { context } : { context, attributes: toObject(flat) });
  }
  return links;
}

/**
 * As {@link plainLinks}, for links that are not modified afterwards: they need not be copied.
 *
 * @internal
 */
export function ownedLinks(
  linked: Exclude<Linked, () => Link[]>,
  limits: Required<SpanLimits>,
  countDropped: boolean,
): SpanContext | Link[] | undefined {
  if (linked !== undefined && !Array.isArray(linked) && limits.linkCountLimit > 0) return linked;
  if (linked === undefined) return noLinks as Link[];
  const given = linkList(linked);
  if (countDropped || given === undefined || given.length > limits.linkCountLimit) {
    return plainLinks(given, limits, countDropped);
  }
  let links = given;
  for (let at = 0; at < given.length; at++) {
    const { context, attributes } = given[at]!;
    const count = attributes == null ? 0 : countPlain(attributes, limits);
    if (count < 0) return undefined;
    if (count > 0 || attributes == null) continue;
    if (links === given) links = given.slice();
    links[at] = { context };
  }
  return links;
}

/** The number of attributes of a link; -1 if the SDK would drop or change one of them. */
function countPlain(attributes: Attributes, limits: Required<SpanLimits>): number {
  if (typeof attributes !== 'object') return -1;
  let count = 0;
  for (const key in attributes) {
    if (!hasOwn(attributes, key)) continue;
    if (!isPlainKey(key) || !isPlainScalar(attributes[key], limits.attributeValueLengthLimit)) return -1;
    count++;
  }
  return count > Math.min(limits.attributeCountLimit, limits.attributePerLinkCountLimit) ? -1 : count;
}
