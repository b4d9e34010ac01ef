// The sampler that chooses by attributes, names and baggage.
import { propagation, SpanKind, type AttributeValue } from '@opentelemetry/api';
import type { Sampler } from '@opentelemetry/sdk-trace';
import { invalidOption } from '../common/errors.ts';
import { checkNames } from '../common/check-options.ts';
import { ConsistentSampler, dropIntent, type Intent, type SamplingRequest } from './consistent-sampler.ts';
import { composable } from './foreign.ts';
import { matchesGlob } from '../common/glob.ts';
import { ratio } from './ratio.ts';

/** A range of numbers; both ends belong to it. */
export interface Range {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

/** A glob (`*`: anything, `?`: one character), an exact number or boolean, or a range of numbers. A list: any of them. */
export type Match = string | number | boolean | Range | readonly (string | number | boolean | Range)[];

/** The names of {@link SpanKind} in lower case. */
export type SpanKindName = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** One rule of {@link rules}: it fits a span if all that it names fits. One that names nothing fits every span. */
export interface SamplingRule {
  /** Glob or globs on `messaging.destination.name` or `messaging.destination.template`. */
  readonly destination?: string | readonly string[] | undefined;
  /** Glob or globs on `messaging.operation.name` or `messaging.operation.type`. */
  readonly operation?: string | readonly string[] | undefined;
  /** Glob or globs on the span's name at its start. */
  readonly name?: string | readonly string[] | undefined;
  /** The span's kind or kinds. */
  readonly kind?: SpanKindName | readonly SpanKindName[] | undefined;
  /** By attribute name; only what is given at the span's start can be seen. */
  readonly attributes?: Readonly<Record<string, Match>> | undefined;
  /** By baggage key; a range reads the value as a number. */
  readonly baggage?: Readonly<Record<string, Match>> | undefined;
  /** The sampler for the spans that fit; a number p means `ratio(p)`. */
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
    // An attribute may be a list itself: one member that fits is enough.
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
  /** For spans that no rule fits; a number p means `ratio(p)`. Default: they are not sampled. */
  readonly otherwise?: Sampler | number | undefined;
}

/**
 * The first rule that fits decides, with a sampler of its own: rates per destination, priority users by baggage, health checks left out.
 * Only what is known when a span starts can be matched. Below `parentBased` the rules are asked about roots.
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

/** Names and attributes may be untrusted and long: of a text beyond this length only `*` is true. */
const matchedLength = 1024;

function matchesLimited(pattern: string, text: string): boolean {
  return text.length > matchedLength ? pattern === '*' : matchesGlob(pattern, text);
}
