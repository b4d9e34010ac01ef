// Checks one finished span of mqtrace against the published conventions: names, types, kinds and requirement levels.
import { readFileSync } from 'node:fs';
import { type Attributes, isSpanContextValid, type SpanContext, SpanKind, SpanStatusCode } from '@opentelemetry/api';

interface AttributeType {
  readonly type: string;
  readonly values?: readonly string[];
  /** Whether `values` is the complete list of values. */
  readonly closed?: boolean;
}

interface SpanRule {
  readonly kind: string;
  readonly attributes: Readonly<Record<string, { readonly level: string; readonly sampling?: boolean }>>;
}

interface MetricRule {
  readonly instrument: string;
  readonly unit: string;
  readonly required: readonly string[];
}

interface Rules {
  readonly source: string;
  /** The names of version 1.30 for names of 1.45. */
  readonly oldNames: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, AttributeType>>;
  readonly spans: Readonly<Record<string, SpanRule>>;
  readonly metrics: Readonly<Record<string, MetricRule>>;
}

/** The conventions as data; the file states its source and version. */
export const rules: Rules = JSON.parse(readFileSync(new URL('./rules.json', import.meta.url), 'utf8')) as Rules;

/** The part of a span that is checked. */
export interface CheckedSpan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
  /** The attributes given when the span was started, if known. */
  readonly startAttributes?: Attributes | undefined;
  readonly links: readonly { readonly context: SpanContext; readonly attributes?: Attributes | undefined }[];
  readonly events: readonly { readonly name: string; readonly attributes?: Attributes | undefined }[];
  readonly status: { readonly code: SpanStatusCode; readonly message?: string | undefined };
}

/** Attributes that only mqtrace defines, because the conventions have no name for them yet. */
export const ownAttributes: Readonly<Record<string, AttributeType>> = {
  'mqtrace.message.age': { type: 'double' },
  'mqtrace.baggage.size': { type: 'int' },
  'mqtrace.message.clock_skew': { type: 'double' },
  'mqtrace.message.delivery_attempt': { type: 'int' },
  'mqtrace.message.redelivered': { type: 'boolean' },
  'mqtrace.message.dead_lettered': { type: 'boolean' },
  'mqtrace.message.rejected': { type: 'boolean' },
  'mqtrace.request.duration': { type: 'double' },
  // Not of messaging alone, and read by Collectors.
  'peer.service': { type: 'string' },
  'mqtrace.links.part': { type: 'int' },
  'mqtrace.pipeline.age': { type: 'double' },
  'mqtrace.pipeline.hops': { type: 'int' },
  'mqtrace.pipeline.name': { type: 'string' },
  // Attributes of metrics.
  'mqtrace.destination': { type: 'string' },
  'mqtrace.drop.reason': { type: 'string' },
  'mqtrace.operation.name': { type: 'string' },
};

const headerPrefix = 'messaging.header.';
const header: AttributeType = { type: 'string[]' };

/** The namespaces that the conventions define, and mqtrace's. A name in them must be known; other names belong to the user. */
const namespaces =
  /^(messaging|kafka|rabbitmq|http|url|server|client|network|error|exception|user_agent|cloudevents|mqtrace|otel|net|peer)\./;

/** Attributes of messages: only these are allowed on a link. */
const messageAttribute = /^(messaging\.(message|destination)\.|kafka\.|rabbitmq\.|mqtrace\.message\.)/;

/** Attributes that are intentionally set beyond the list of the span's kind, each with its reason. */
function isAddition(name: string, attributes: Attributes): boolean {
  const system = attributes['messaging.system.name'];
  switch (name) {
    // The client id and the consumer group are set on each span, so that no span has to be joined with another.
    case 'messaging.client.id':
    case 'messaging.consumer.group.name':
      return system !== undefined;
    // The lists of settle and CLIENT send spans omit attributes that the text requires for all "RabbitMQ spans".
    case 'rabbitmq.destination.routing_key':
      return system === 'rabbitmq';
    // The lists of Kafka's spans omit it, although its description has no condition.
    case 'kafka.cluster.id':
      return system === 'kafka';
    // Destinations named by the broker exist in every system.
    case 'messaging.destination.anonymous':
    case 'messaging.destination.temporary':
      return system !== undefined;
    default:
      // Captured headers have the name that OpenTelemetry for Java uses; the conventions have none yet.
      return name in ownAttributes || (name.startsWith(headerPrefix) && system !== undefined);
  }
}

/** Whether an attribute can be known when the span starts. */
function isKnownLate(name: string, attributes: Attributes): boolean {
  // Kafka reports the partition that its producer chose in the reply.
  return name === 'messaging.destination.partition.id' && attributes['messaging.operation.type'] === 'send';
}

/** Whether a required attribute may be absent. */
function isExcused(name: string, attributes: Attributes): boolean {
  // If the argument of fetch is not a URL, none of its parts are known.
  if (attributes['http.request.method'] !== undefined)
    return attributes['error.type'] !== undefined && attributes['url.full'] === undefined;
  // Messages of several destinations have no common destination, and for a message that was not received it is unknown.
  const severalOrUnknown =
    attributes['messaging.batch.message_count'] !== undefined || attributes['messaging.operation.type'] === 'settle';
  return name === 'messaging.destination.name' && severalOrUnknown;
}

/** The problems of the span, one sentence each; empty if there are none. */
export function checkSpan(span: CheckedSpan): string[] {
  const problems: string[] = [];
  const say = (text: string): void => void problems.push(`${span.name} (${SpanKind[span.kind]}): ${text}`);
  const attributes = newNames(span.attributes, say);
  const rule = ruleFor(attributes, span.kind, say);
  checkTypes(attributes, 'attribute', say);
  if (rule !== undefined) checkLevels(span, attributes, rule, say);
  checkStatus(span, attributes, say);
  for (const link of span.links) {
    if (!isSpanContextValid(link.context)) say('links an invalid span context');
    const linked = newNames(link.attributes ?? {}, say);
    checkTypes(linked, 'link attribute', say);
    for (const name of Object.keys(linked)) {
      if (namespaces.test(name) && !messageAttribute.test(name))
        say(`link attribute ${name} does not describe a message`);
    }
  }
  for (const event of span.events) {
    if (event.name === 'exception' && !event.attributes?.['exception.type'] && !event.attributes?.['exception.message'])
      say('an exception event has neither exception.type nor exception.message');
    checkTypes(event.attributes ?? {}, 'event attribute', say);
  }
  return problems;
}

/** Reports one problem. */
export type Say = (text: string) => void;

/** The attributes with the names of 1.45, for any version that was used; if both versions are set, their values must be equal. */
function newNames(attributes: Attributes, say: Say): Attributes {
  const all: Attributes = { ...attributes };
  for (const [name, old] of Object.entries(rules.oldNames)) {
    if (!(old in all)) continue;
    if (name in all && JSON.stringify(all[name]) !== JSON.stringify(all[old])) say(`${name} and ${old} differ`);
    all[name] = all[old];
    delete all[old];
  }
  return all;
}

function ruleFor(attributes: Attributes, kind: SpanKind, say: Say): SpanRule | undefined {
  const kindName = SpanKind[kind].toLowerCase();
  const system = attributes['messaging.system.name'];
  if (system === undefined) {
    if (attributes['http.request.method'] === undefined) return undefined;
    const rule = rules.spans[`http.${kindName}`];
    if (rule === undefined) say(`an HTTP span of kind ${kindName}`);
    return rule;
  }
  const type = String(attributes['messaging.operation.type']);
  const own = rules.spans[`messaging.${String(system)}.${type}.${kindName}`];
  const rule = own ?? rules.spans[`messaging.${type}.${kindName}`];
  if (rule === undefined) say(`no convention has an operation of type ${type} with kind ${kindName}`);
  return rule;
}

/** Checks that each attribute in a namespace of the conventions, or of mqtrace, is known and has the right type. */
export function checkTypes(attributes: Attributes, what: string, say: Say): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!namespaces.test(name)) continue;
    const type = rules.types[name] ?? ownAttributes[name] ?? (name.startsWith(headerPrefix) ? header : undefined);
    if (type === undefined) say(`${what} ${name} is in no convention and not documented by mqtrace`);
    else if (!fits(value, type)) say(`${what} ${name} is ${JSON.stringify(value)}, expected ${type.type}`);
  }
}

function fits(value: unknown, { type, values, closed }: AttributeType): boolean {
  if (type === 'int') return Number.isSafeInteger(value);
  if (type === 'double') return typeof value === 'number' && Number.isFinite(value);
  if (type === 'string[]') return Array.isArray(value) && value.every((item) => typeof item === 'string');
  if (type.startsWith('template')) return true;
  return typeof value === type && (closed !== true || values?.includes(String(value)) === true);
}

function checkLevels(span: CheckedSpan, attributes: Attributes, rule: SpanRule, say: Say): void {
  const start = span.startAttributes && newNames(span.startAttributes, say);
  for (const [name, { level, sampling }] of Object.entries(rule.attributes)) {
    if (level === 'required' && !(name in attributes) && !isExcused(name, attributes)) say(`${name} is required`);
    if (sampling && start !== undefined && name in attributes && !(name in start) && !isKnownLate(name, attributes))
      say(`${name} must be set when the span starts, because samplers may use it`);
  }
  for (const name of Object.keys(attributes)) {
    const known = name in rule.attributes || isAddition(name, attributes);
    if (namespaces.test(name) && !known) say(`${name} is not an attribute of this kind of span`);
  }
  if (attributes['messaging.system.name'] === undefined) return;
  if (attributes['messaging.operation.type'] === undefined) say('messaging.operation.type is missing');
  for (const flag of ['messaging.destination.anonymous', 'messaging.destination.temporary', 'kafka.message.tombstone'])
    if (flag in attributes && attributes[flag] !== true) say(`${flag} must be set only if it is true`);
  checkName(span.name, attributes, say);
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/#span-name */
function checkName(name: string, attributes: Attributes, say: Say): void {
  const text = (key: string): string => String(attributes[key] ?? '');
  const hidden = attributes['messaging.destination.anonymous'] || attributes['messaging.destination.temporary'];
  const place = `${text('server.address')}:${text('server.port')}`;
  const destination = text('messaging.destination.template') || (hidden ? '' : text('messaging.destination.name'));
  const operation = text('messaging.operation.name');
  const expected = [destination, ...(attributes['messaging.destination.name'] === undefined ? [place, ''] : [])]
    .filter((part, index) => part !== '' || index > 0 || attributes['messaging.destination.name'] !== undefined)
    .map((part) => (part === '' ? operation : `${operation} ${part}`));
  if (!expected.includes(name)) say(`the name must be  ${expected.map((each) => `"${each}"`).join(' or ')}`);
}

function checkStatus({ status, events }: CheckedSpan, attributes: Attributes, say: Say): void {
  const failed = status.code === SpanStatusCode.ERROR;
  if (status.code === SpanStatusCode.OK) say('the status is OK, which only applications may set');
  if (failed && attributes['error.type'] === undefined) say('the status is ERROR, and there is no error.type');
  if (!failed && attributes['error.type'] !== undefined) say('there is an error.type, and the status is not ERROR');
  if (!failed && events.some(({ name }) => name === 'exception'))
    say('there is an exception, and the status is not ERROR');
}
