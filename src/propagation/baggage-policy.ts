// Decides which baggage is sent and let in, by the policy of the user.
import { type Attributes, type Baggage, type BaggageEntry, type Context, propagation } from '@opentelemetry/api';
import { countDroppedHeader, withoutCounting } from '../../carriers/dropped-headers.ts';
import { checkNames, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { baggageByteLimit, baggageMemberLimit, formatMember, isBaggageKey } from './baggage-codec.ts';
import { processBaggage } from './baggage-manager.ts';
import { compilePatterns } from './patterns.ts';
import { isW3CBaggage, W3CBaggage } from './w3c-baggage.ts';

/**
 * Which baggage passes, and how. Patterns are keys in which `*` stands for any characters. Applied in this order, to the keys as
 * they came: `allow`, `deny`, `redact`, `rename`, then the budget. Entries left out are counted in `droppedHeaders()`. `deny` and `redact` also
 * apply to the percent-decoded key; members that W3C Baggage does not allow do not pass.
 */
export interface BaggagePolicy {
  /** Only entries that match pass. Default: all. */
  allow?: readonly string[] | undefined;
  /** Entries that match do not pass, even if allowed. */
  deny?: readonly string[] | undefined;
  /** Entries that match pass with their value replaced by `[redacted]` and without metadata. */
  redact?: readonly string[] | undefined;
  /** New keys by old keys. An entry renamed to a key that is there already takes its place. */
  rename?: Readonly<Record<string, string>> | undefined;
  /** Bytes of the `baggage` header. In the order of the entries, one that no longer fits is left out whole. Default and most: 8192. */
  maxBytes?: number | undefined;
  /** How many entries pass, the first ones. Default and most: 64. */
  maxEntries?: number | undefined;
  /** Entries that match are copied to the operation's span as `baggage.{key}`, at most 256 characters of each. Default: none. */
  spanAttributes?: readonly string[] | undefined;
}

/** A policy for each direction. */
export interface BaggageRules {
  /** For messages that are sent. */
  send?: BaggagePolicy | undefined;
  /** For messages that are received: what is active while they are processed. */
  receive?: BaggagePolicy | undefined;
}

const redacted = '[redacted]';
const attributeLength = 256;
const names = ['allow', 'deny', 'redact', 'rename', 'maxBytes', 'maxEntries', 'spanAttributes'];

/** A policy that was checked and is ready to apply. @internal */
export interface CompiledPolicy {
  /** The context with what of its baggage passes; the same context where all of it does. Never throws. */
  apply(context: Context): Context;
  /** What of the baggage goes on the span; undefined for nothing. */
  attributes(context: Context): Attributes | undefined;
  /** As `attributes`, of the baggage that a message to be sent in this context carries: by this policy, and that of the process. */
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
        // It cannot be sent, which is counted, and would be again where the header is written.
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
      // Parsed once and for all, which counts; what the policy leaves out is counted where the message is written.
      baggage.getAllEntries();
      return withoutCounting(() => attributes(apply(whole)));
    },
  };
}

/** Some propagators, OpenTelemetry's own for JavaScript among them, percent-decode keys: `%73ecret` is `secret` to them. */
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
