// Implements rules(): a sampler that selects by attributes, names and baggage.
import { propagation, SpanKind, type AttributeValue } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { checkNames } from '../common/check-options.ts';
import { ConsistentSampler, dropIntent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { composable } from './foreign.ts';
import { matchesGlob } from '../common/glob.ts';
import { ratio } from './ratio.ts';

/** A range of numbers, including both ends. */
export interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/**
 * A glob (`*`: anything, `?`: one character), an exact number or boolean, or a range of numbers. A list matches if any of its
 * elements does.
 */
export type Match = string | number | boolean | Range | readonly (string | number | boolean | Range)[];

/** The names of {@link SpanKind} in lower case. */
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** One rule of {@link rules}: it matches a span if all of its conditions match. A rule without conditions matches every span. */
export interface SamplingRule {
  /** Globs for `messaging.destination.name` or `messaging.destination.template`. */
  readonly destination?: string | readonly string[] | undefined;
  /** Globs for `messaging.operation.name` or `messaging.operation.type`. */
  readonly operation?: string | readonly string[] | undefined;
  /** Globs for the name with which the span starts. */
  readonly name?: string | readonly string[] | undefined;
  /** The span's kind or kinds. */
  readonly kind?: SpanKindName | readonly SpanKindName[] | undefined;
  /** By attribute name; only attributes that are set when the span starts can match. */
  readonly attributes?: Readonly<Record<string, Match>> | undefined;
  /** By baggage key; for a range, the value is read as a number. */
  readonly baggage?: Readonly<Record<string, Match>> | undefined;
  /** The sampler for matching spans; a number p means `ratio(p)`. */
  readonly sample: Sampler | number;
}

type Test = (request: SamplingRequest) => boolean;

interface CompiledRule {
  readonly tests: readonly Test[];
  readonly sampler: ConsistentSampler;
}

const ruleNames = ['destination', 'operation', 'name', 'kind', 'attributes', 'baggage', 'sample'];
const kindNames: Readonly<Record<SpanKindName, SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

class Rules extends ConsistentSampler {
  readonly #rules: readonly CompiledRule[];
  readonly #otherwise: ConsistentSampler | undefined;

  constructor(compiled: readonly CompiledRule[], otherwise: ConsistentSampler | undefined) {
    super();
    this.#rules = compiled;
    this.#otherwise = otherwise;
  }

  override get randomSource(): (() => number) | undefined {
    for (const { sampler } of this.#rules) if (sampler.randomSource) return sampler.randomSource;
    return this.#otherwise?.randomSource;
  }

  override get readsOnly(): boolean {
    return this.#rules.every(({ sampler }) => sampler.readsOnly) && (this.#otherwise?.readsOnly ?? true);
  }

  override intent(request: SamplingRequest): Intent {
    for (const { tests, sampler } of this.#rules) {
      if (tests.every((test) => test(request))) return sampler.intent(request);
    }
    return this.#otherwise?.intent(request) ?? dropIntent;
  }

  override toString(): string {
    const otherwise = this.#otherwise ? `, { otherwise: ${String(this.#otherwise)} }` : '';
    return `rules([${this.#rules.map(({ sampler }) => String(sampler)).join(', ')}]${otherwise})`;
  }
}

function compileRule(rule: SamplingRule, where: string): CompiledRule {
  checkNames(where, rule, ruleNames);
  const tests: Test[] = [];
  const { destination, operation, name, kind, attributes = {}, baggage = {} } = rule;
  if (destination !== undefined) {
    const fits = texts(`${where}.destination`, destination);
    tests.push(eitherAttribute('messaging.destination.name', 'messaging.destination.template', fits));
  }
  if (operation !== undefined) {
    const fits = texts(`${where}.operation`, operation);
    tests.push(eitherAttribute('messaging.operation.name', 'messaging.operation.type', fits));
  }
  if (name !== undefined) {
    const fits = texts(`${where}.name`, name);
    tests.push((request) => fits(request.name));
  }
  if (kind !== undefined) {
    const kinds = new Set(list(kind).map((each) => kindOf(`${where}.kind`, each)));
    tests.push((request) => kinds.has(request.kind));
  }
  checkNames(`${where}.attributes`, attributes, Object.keys(attributes));
  for (const [key, match] of Object.entries(attributes)) {
    const fits = values(`${where}.attributes["${key}"]`, match);
    tests.push((request) => fits(request.attributes[key]));
  }
  checkNames(`${where}.baggage`, baggage, Object.keys(baggage));
  for (const [key, match] of Object.entries(baggage)) {
    const fits = values(`${where}.baggage["${key}"]`, match, true);
    tests.push((request) => fits(propagation.getBaggage(request.context)?.getEntry(key)?.value));
  }
  return { tests, sampler: samplerOrRatio(`${where}.sample`, rule.sample) };
}

function eitherAttribute(first: string, second: string, fits: (value: unknown) => boolean): Test {
  return ({ attributes }) => fits(attributes[first]) || fits(attributes[second]);
}

function texts(where: string, given: string | readonly string[]): (value: unknown) => boolean {
  const patterns = list(given);
  for (const pattern of patterns) if (typeof pattern !== 'string') throw invalidOption(where, pattern, 'a string');
  return (value) => typeof value === 'string' && patterns.some((pattern) => matchesLimited(pattern, value));
}

function values(where: string, match: Match, numbersAreText = false): (value: AttributeValue | undefined) => boolean {
  const tests = list(match).map((each) => valueTest(where, each, numbersAreText));
  return (value) => {
    if (value === undefined) return false;
    // An attribute may be a list: one matching element is enough.
    if (Array.isArray(value)) return value.some((member) => tests.some((test) => test(member)));
    return tests.some((test) => test(value));
  };
}

function valueTest(
  where: string,
  match: string | number | boolean | Range,
  numbersAreText: boolean,
): (value: unknown) => boolean {
  if (typeof match === 'string') return (value) => matchesLimited(match, String(value));
  if (typeof match === 'boolean' || typeof match === 'number') {
    return numbersAreText ? (value) => value === String(match) : (value) => value === match;
  }
  checkNames(where, match, ['min', 'max']);
  const { min = -Infinity, max = Infinity } = match;
  if (typeof min !== 'number' || typeof max !== 'number' || !(min <= max)) {
    throw invalidOption(where, match, 'a range { min, max } of numbers');
  }
  return (value) => {
    const number = numbersAreText && typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && number >= min && number <= max;
  };
}

function kindOf(where: string, name: unknown): SpanKind {
  const kind = Object.entries(kindNames).find(([known]) => known === name)?.[1];
  if (kind === undefined) throw invalidOption(where, name, `one of ${Object.keys(kindNames).join(', ')}`);
  return kind;
}

function samplerOrRatio(where: string, sample: unknown): ConsistentSampler {
  return composable(where, typeof sample === 'number' ? ratio(sample) : sample);
}

function list<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Options of {@link rules}. */
export interface RulesOptions {
  /** For spans that match no rule; a number p means `ratio(p)`. Default: they are not sampled. */
  readonly otherwise?: Sampler | number | undefined;
}

/**
 * The sampler of the first matching rule decides: for example rates per destination, priority for users by baggage, no health
 * checks. Only values that are known when a span starts can be matched. Inside `parentBased` the rules are used for roots.
 *
 * @throws MqtraceError `INVALID_OPTION`
 */
export function rules(list: readonly SamplingRule[], options: RulesOptions = {}): Sampler {
  if (!Array.isArray(list)) throw invalidOption('rules(list)', list, 'an array of rules');
  checkNames('rules(list, options)', options, ['otherwise']);
  const compiled = list.map((rule: SamplingRule, index) => compileRule(rule, `rules()[${index}]`));
  const { otherwise } = options;
  return new Rules(
    compiled,
    otherwise === undefined ? undefined : samplerOrRatio('rules(list, { otherwise })', otherwise),
  );
}

/** Names and attributes may be untrusted and long: a longer text matches only `*`. */
const matchedLength = 1024;

function matchesLimited(pattern: string, text: string): boolean {
  return text.length > matchedLength ? pattern === '*' : matchesGlob(pattern, text);
}
