// Parses, changes and limits the `tracestate` header.
import type { TraceState } from '@opentelemetry/api';
import { countDroppedHeader } from '../../carriers/dropped-headers.ts';
import { trimOws } from './ows.ts';

const memberLimit = 32;
/** The length that vendors should propagate at least; beyond it, whole members are dropped. */
export const traceStateOutputLimit = 512;
const largeMember = 128;

// W3C Trace Context Level 2, 3.3.1.3: an `@` may be anywhere except at the start of a key; values are printable, without `,` and
// `=`.
const keyPattern = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const valuePattern = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** The members of OpenTelemetry and of mqtrace, once each, as both write them: such a header is valid, and needs no parsing. */
const simple = /^(?:ot=[\w.:;-]{1,200}(?:,mqtrace=[\w.;-]{1,64})?|mqtrace=[\w.;-]{1,64}(?:,ot=[\w.:;-]{1,200})?)$/;

/** @internal */
export function isSimpleTraceState(text: string): boolean {
  return simple.test(text);
}

/**
 * A W3C `tracestate`, parsed only when it is read or written. With an invalid member or more than 32 members it is dropped as a
 * whole. The first member of a repeated key is kept, because it was written last.
 */
export class W3CTraceState implements TraceState {
  readonly #raw: string;
  #members: ReadonlyMap<string, string> | undefined;
  #text: string | undefined;
  #simple: boolean | undefined;

  constructor(raw = '', members?: ReadonlyMap<string, string>) {
    this.#raw = raw;
    this.#members = members;
  }

  get(key: string): string | undefined {
    if (!this.#isSimple()) return this.#parsed().get(key);
    const raw = this.#raw;
    const first = raw.startsWith(`${key}=`);
    const comma = raw.indexOf(',');
    if (first) return raw.slice(key.length + 1, comma < 0 ? undefined : comma);
    return comma >= 0 && raw.startsWith(`${key}=`, comma + 1) ? raw.slice(comma + key.length + 2) : undefined;
  }

  /** Moves the member to the front, as the specification requires for a changed member. An invalid key or value changes nothing. */
  set(key: string, value: string): TraceState {
    if (!keyPattern.test(key) || !valuePattern.test(value)) return this;
    const rest = [...this.#parsed()].filter(([present]) => present !== key).slice(0, memberLimit - 1);
    return new W3CTraceState('', new Map([[key, value], ...rest]));
  }

  unset(key: string): TraceState {
    if (!this.#parsed().has(key)) return this;
    return new W3CTraceState('', new Map([...this.#parsed()].filter(([present]) => present !== key)));
  }

  serialize(): string {
    if (this.#isSimple()) return this.#raw;
    this.#text ??= limitTraceState([...this.#parsed()].map(([key, value]) => `${key}=${value}`).join(','));
    return this.#text;
  }

  #isSimple(): boolean {
    return this.#members === undefined && (this.#simple ??= isSimpleTraceState(this.#raw));
  }

  #parsed(): ReadonlyMap<string, string> {
    this.#members ??= parseMembers(this.#raw);
    return this.#members;
  }
}

function parseMembers(raw: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>();
  let count = 0;
  for (const part of raw.split(',')) {
    const member = trimOws(part);
    if (member === '') continue;
    const equals = member.indexOf('=');
    const key = member.slice(0, Math.max(0, equals));
    const value = member.slice(equals + 1);
    if (++count > memberLimit || !keyPattern.test(key) || !valuePattern.test(value)) {
      countDroppedHeader('tracestate-invalid');
      return new Map();
    }
    if (members.has(key)) countDroppedHeader('tracestate-key-repeated');
    else members.set(key, value);
  }
  return members;
}

/**
 * A `tracestate` of at most 512 characters: members of more than 128 characters are removed first, then those from the end, always
 * whole (W3C Trace Context Level 2, 3.3.1.5).
 */
export function limitTraceState(text: string): string {
  if (text.length <= traceStateOutputLimit) return text;
  const members = text.split(',');
  let length = text.length;
  const drop = (longerThan: number): void => {
    for (let at = members.length - 1; at >= 0 && length > traceStateOutputLimit; at--) {
      if (members[at]!.length <= longerThan) continue;
      length -= members[at]!.length + 1;
      members.splice(at, 1);
    }
  };
  drop(largeMember);
  drop(0);
  return members.join(',');
}
