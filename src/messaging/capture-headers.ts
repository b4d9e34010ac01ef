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
    const rule = { name, attribute: prefix + name, redact: captures ? redactOf(name) : undefined };
    known.set(given, rule);
    return rule;
  };
  return (headers) => {
    let attributes: Attributes | undefined;
    let left = headersAtMost;
    let traceHeaders: readonly string[] | undefined;
    eachHeader(headers, (given, value) => {
      const rule = ruleOf(given);
      if (rule?.redact === undefined) return true;
      const { name, attribute, redact } = rule;
      traceHeaders ??= propagated().map((each) => each.toLowerCase());
      if (traceHeaders.some((each) => isSameName(name, each))) return true;
      const values: string[] = [];
      for (const text of valuesOf(value, valueLength)) {
        const shown = redact(text);
        if (shown !== undefined) values.push(shown);
      }
      if (values.length === 0) return true;
      attributes ??= {};
      const earlier = attributes[attribute] as string[] | undefined;
      attributes[attribute] = earlier === undefined ? values : [...earlier, ...values];
      return --left > 0;
    });
    return attributes;
  };
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
