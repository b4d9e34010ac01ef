// Compiles the `captureHeaders` option: which headers of messages become span attributes.
import type { Attributes } from '@opentelemetry/api';
import { isSameName } from '../../carriers/limits.ts';
import { checkNames, isRecord } from '../common/check-options.ts';
import { invalidOption } from '../common/errors.ts';
import { answered } from '../common/faults.ts';
import { RecentMap } from '../common/recent-map.ts';
import { compilePatterns } from '../propagation/patterns.ts';
import { eachHeader, valuesOf } from './header-values.ts';

/** Which headers become span attributes, and which of their values are replaced. */
export interface CaptureHeaders {
  /** Names of headers, in any case: exact ones, and patterns with `*`. */
  names: readonly string[];
  /**
   * Headers whose value becomes `REDACTED`: more names and patterns, besides those that usually hold secrets (`*authorization*`,
   * `*cookie*`, `*token*`, `*secret*`, `*password*` and others). Or, instead of all of these, a function that is called with the
   * name in lower case and each value, and returns the value to record, or undefined to omit it. Default: only the usual ones.
   */
  redact?: readonly string[] | ((name: string, value: string) => string | undefined) | undefined;
}

/** Returns attributes for the headers of a message. Throws what the application's function throws. */
export type HeaderCapture = (headers: unknown) => Attributes | undefined;

const prefix = 'messaging.header.';
const headersAtMost = 32;
const nameLength = 128;
const valueLength = 1024;
const usualSecrets = [
  '*authorization*',
  '*cookie*',
  '*token*',
  '*secret*',
  '*passw*',
  '*credential*',
  '*api-key*',
  '*api_key*',
  '*apikey*',
  '*private-key*',
  '*session*',
  '*signature*',
];

/** What is recorded of a value; undefined to omit it. */
type Redact = (value: string) => string | undefined;

/** What is done with the headers of one name. */
interface HeaderRule {
  readonly name: string;
  readonly attribute: string;
  /** Undefined if these headers are not captured. */
  readonly redact: Redact | undefined;
  /** Whether the propagator writes this header, as far as the list of its headers is this one. */
  isPropagated: boolean;
  askedFor: readonly string[] | undefined;
}

/** Senders choose the names of headers, so the number of remembered ones is limited. */
const remembered = 500;

/**
 * @param propagated - the names of headers that the propagator writes, which are not captured.
 * @throws MqtraceError `INVALID_OPTION`
 */
export function headerCapture(
  where: string,
  given: readonly string[] | CaptureHeaders,
  propagated: () => readonly string[],
): HeaderCapture {
  const option = `${where}({ captureHeaders })`;
  const rules = Array.isArray(given) ? { names: given as readonly string[] } : (given as CaptureHeaders);
  if (!isRecord(rules)) throw invalidOption(option, given, 'names of headers, or { names, redact }');
  checkNames(option, rules, ['names', 'redact']);
  const isCaptured = compilePatterns(lowerCase(rules.names ?? null), `${option}.names`)!;
  const redactOf = redaction(rules.redact, `${option}.redact`);
  // Messages have the same few names again and again, and matching them against all patterns takes microseconds.
  const known = new RecentMap<string, HeaderRule>(remembered);
  const ruleOf = (given: string): HeaderRule | undefined => {
    if (given.length > nameLength) return undefined;
    const found = known.get(given);
    if (found !== undefined) return found;
    const name = given.toLowerCase();
    const captures = name.length <= nameLength && !name.startsWith('mqtrace-') && isCaptured(name);
    const redact = captures ? redactOf(name) : undefined;
    const rule: HeaderRule = { name, attribute: prefix + name, redact, isPropagated: false, askedFor: undefined };
    known.set(given, rule);
    return rule;
  };
  // Another propagator may be registered meanwhile.
  let fields: readonly string[] = [];
  const currentFields = (): readonly string[] => {
    const now = propagated();
    if (now.length !== fields.length || now.some((field, at) => field !== fields[at])) fields = now;
    return fields;
  };
  return (headers) => {
    let attributes: Attributes | undefined;
    let left = headersAtMost;
    let traceHeaders: readonly string[] | undefined;
    eachHeader(headers, (given, value) => {
      const rule = ruleOf(given);
      if (rule?.redact === undefined) return true;
      const { attribute, redact } = rule;
      traceHeaders ??= currentFields();
      if (isPropagated(rule, traceHeaders)) return true;
      let values: string[] | undefined;
      for (const text of valuesOf(value, valueLength)) {
        const shown = redact(text);
        // A list of one value from the start: one that grows takes up five times the space.
        if (shown !== undefined) values = values === undefined ? [shown] : [...values, shown];
      }
      if (values === undefined) return true;
      attributes ??= {};
      const earlier = attributes[attribute] as string[] | undefined;
      attributes[attribute] = earlier === undefined ? values : [...earlier, ...values];
      return --left > 0;
    });
    return attributes;
  };
}

function isPropagated(rule: HeaderRule, fields: readonly string[]): boolean {
  if (rule.askedFor !== fields) {
    rule.isPropagated = fields.some((field) => isSameName(rule.name, field.toLowerCase()));
    rule.askedFor = fields;
  }
  return rule.isPropagated;
}

const keep: Redact = (value) => value;
const replace: Redact = () => 'REDACTED';

/** Returns what is done with the values of each name. */
function redaction(given: CaptureHeaders['redact'], option: string): (name: string) => Redact {
  if (typeof given === 'function') {
    return (name) => (value) => {
      const shown: unknown = answered(given(name, value));
      if (shown === undefined) return undefined;
      if (typeof shown !== 'string') throw invalidOption(option, shown, 'a function that returns text or undefined');
      return shown.slice(0, valueLength);
    };
  }
  const isUsual = compilePatterns(usualSecrets, option)!;
  const isSecret = compilePatterns(lowerCase(given), option);
  return (name) => (isUsual(name) || isSecret?.(name) === true ? replace : keep);
}

/** The names are compared in lower case. Other values are left to the check of patterns. */
function lowerCase(patterns: unknown): unknown {
  if (!Array.isArray(patterns)) return patterns;
  return patterns.map((each: unknown) => (typeof each === 'string' ? each.toLowerCase() : each));
}
