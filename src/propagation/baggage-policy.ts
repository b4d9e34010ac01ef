// Applies the user's policy for sent and received baggage.
import { type Attributes, type Baggage, type BaggageEntry, type Context, propagation } from '@opentelemetry/api';
import { countDroppedHeader, withoutCounting } from '../../carriers/dropped-headers.ts';
import { checkNames, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { baggageByteLimit, baggageMemberLimit, formatMember, isBaggageKey } from './baggage-codec.ts';
import { processBaggage } from './baggage-manager.ts';
import { compilePatterns } from './patterns.ts';
import { isW3CBaggage, W3CBaggage } from './w3c-baggage.ts';

/**
 * Which baggage passes, and how it is changed. Patterns are keys in which `*` matches any characters. Applied to the original keys
 * in this order: `allow`, `deny`, `redact`, `rename`, then the budget. Omitted entries are counted in `droppedHeaders()`. `deny`
 * and `redact` also apply to the percent-decoded key; invalid members do not pass.
 */
export interface BaggagePolicy {
  /** Only entries that match pass. Default: all. */
  allow?: readonly string[] | undefined;
  /** Entries that match do not pass, even if allowed. */
  deny?: readonly string[] | undefined;
  /** Entries that match pass with their value replaced by `[redacted]` and without metadata. */
  redact?: readonly string[] | undefined;
  /** New keys by old keys. A renamed entry replaces an existing one with the new key. */
  rename?: Readonly<Record<string, string>> | undefined;
  /**
   * Bytes of the `baggage` header. In the order of the entries, one that does not fit is omitted as a whole. Default and maximum:
   * 8192.
   */
  maxBytes?: number | undefined;
  /** The number of entries that pass; the first ones are used. Default and maximum: 64. */
  maxEntries?: number | undefined;
  /** Matching entries are copied to the operation's span as `baggage.{key}`, truncated to 256 characters. Default: none. */
  spanAttributes?: readonly string[] | undefined;
}

/** A policy for each direction. */
export interface BaggageRules {
  /** For messages that are sent. */
  send?: BaggagePolicy | undefined;
  /** For messages that are received: the baggage that is active while they are processed. */
  receive?: BaggagePolicy | undefined;
}

const redacted = '[redacted]';
const attributeLength = 256;
const names = ['allow', 'deny', 'redact', 'rename', 'maxBytes', 'maxEntries', 'spanAttributes'];

/** A validated and prepared policy. @internal */
export interface CompiledPolicy {
  /** The context with the baggage that passes; the same context if all of it passes. Never throws. */
  apply(context: Context): Context;
  /** The span attributes for the baggage; undefined for none. */
  attributes(context: Context): Attributes | undefined;
  /** Like `attributes`, for the baggage of a message sent in this context, including process-wide entries. */
  attributesToSend(context: Context): Attributes | undefined;
}

/**
 * @throws MqtraceError `INVALID_OPTION`
 * @internal
 */
export function compilePolicy(policy: BaggagePolicy, where: string): CompiledPolicy {
  if (policy === null || typeof policy !== 'object') throw invalidOption(where, policy, 'a baggage policy');
  checkNames(where, policy, names);
  const allow = compilePatterns(policy.allow, `${where}.allow`);
  const deny = compilePatterns(policy.deny, `${where}.deny`);
  const redact = compilePatterns(policy.redact, `${where}.redact`);
  const onSpan = compilePatterns(policy.spanAttributes, `${where}.spanAttributes`);
  const rename = compileRename(policy.rename, `${where}.rename`);
  const maxBytes = budget(policy.maxBytes, baggageByteLimit, `${where}.maxBytes`);
  const maxEntries = budget(policy.maxEntries, baggageMemberLimit, `${where}.maxEntries`);

  function pass(baggage: Baggage): Baggage {
    const passed = new Map<string, BaggageEntry>();
    // The policy was not applied to members that are invalid here, and another reader might accept them.
    let changed = isW3CBaggage(baggage) && baggage.hasUnreadable();
    let bytes = 0;
    for (const [key, entry] of baggage.getAllEntries()) {
      const read = asReadElsewhere(key);
      if ((allow !== undefined && !allow(key)) || deny?.(key) === true || deny?.(read) === true) {
        countDroppedHeader('policy-denied');
        changed = true;
        continue;
      }
      const hidden = redact?.(key) === true || redact?.(read) === true;
      const newKey = rename?.get(key) ?? key;
      const newEntry = hidden ? { value: redacted } : entry;
      const member = formatMember(newKey, newEntry);
      if (member === undefined) {
        // It cannot be sent; this is counted here, so it must not be counted again when the header is written.
        changed = true;
        continue;
      }
      const size = member.length + 1;
      // The first member has no comma before it.
      if (bytes + size > maxBytes + 1 || passed.size >= maxEntries) {
        countDroppedHeader('policy-budget');
        changed = true;
        continue;
      }
      bytes += size;
      if (hidden || newKey !== key) changed = true;
      if (!passed.has(newKey) || newKey !== key) passed.set(newKey, newEntry);
    }
    return changed ? W3CBaggage.fromEntries(passed) : baggage;
  }

  function apply(context: Context): Context {
    const baggage = propagation.getBaggage(context);
    if (baggage === undefined) return context;
    const passed = pass(baggage);
    if (passed === baggage) return context;
    return passed.getAllEntries().length === 0
      ? propagation.deleteBaggage(context)
      : propagation.setBaggage(context, passed);
  }

  function attributes(context: Context): Attributes | undefined {
    const baggage = onSpan === undefined ? undefined : propagation.getBaggage(context);
    if (onSpan === undefined || baggage === undefined) return undefined;
    const copied: Attributes = {};
    for (const [key, { value }] of baggage.getAllEntries()) {
      if (onSpan(key)) copied[`baggage.${key}`] = String(value).slice(0, attributeLength);
    }
    return copied;
  }

  return {
    apply,
    attributes,
    attributesToSend(context) {
      if (onSpan === undefined) return undefined;
      const whole = processBaggage.applyTo(context);
      const baggage = propagation.getBaggage(whole);
      if (baggage === undefined) return undefined;
      // Parsing counts invalid members once; entries that the policy omits are counted when the message is written.
      baggage.getAllEntries();
      return withoutCounting(() => attributes(apply(whole)));
    },
  };
}

/** Some propagators, including OpenTelemetry's for JavaScript, percent-decode keys: they read `%73ecret` as `secret`. */
function asReadElsewhere(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function compileRename(rename: unknown, where: string): ReadonlyMap<string, string> | undefined {
  if (rename === undefined) return undefined;
  if (!isRecord(rename)) throw invalidOption(where, rename, 'an object of new keys by old keys');
  for (const [from, to] of Object.entries(rename)) {
    if (typeof to !== 'string' || !isBaggageKey(to)) throw invalidOption(`${where}[${from}]`, to, 'a token');
  }
  return new Map(Object.entries(rename as Record<string, string>));
}

function budget(given: unknown, most: number, where: string): number {
  if (given === undefined) return most;
  if (typeof given !== 'number' || !Number.isInteger(given) || given < 0 || given > most) {
    throw invalidOption(where, given, `a whole number from 0 to ${most}`);
  }
  return given;
}
