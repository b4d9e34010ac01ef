// Reads and writes the `ot` member of the trace state.
import { createTraceState, type TraceState } from '@opentelemetry/api';
import { digitsOf, parseRandomness, parseThreshold, thresholdText, type Halves } from './threshold.ts';

/** OpenTelemetry's own member of `tracestate`, the one named `ot`: `th:c;rv:d29d6a7215ced0;other:value`. @internal */
export interface OtMember {
  readonly threshold: Halves | undefined;
  readonly randomness: Halves | undefined;
  /** The other sub-keys, propagated unchanged, each with its leading `;`. */
  readonly rest: string;
}

const longest = 256;
const nothing: OtMember = { threshold: undefined, randomness: undefined, rest: '' };

/** All spans of a trace have the same text, so the last parsed one is cached. */
let lastText = '';
let lastMember: OtMember = nothing;

/**
 * Reads the member; undefined if there is none. Never throws. A member of more than 256 characters counts as empty. The last value
 * of a repeated sub-key is used, as in the SDKs of other languages.
 * @internal
 */
export function readOtMember(traceState: TraceState | undefined): OtMember | undefined {
  const text = traceState?.get('ot');
  if (text === undefined) return undefined;
  if (text !== lastText) [lastText, lastMember] = [text, parse(text)];
  return lastMember;
}

function parse(text: string): OtMember {
  if (text.length > longest) return nothing;
  let threshold: Halves | undefined;
  let randomness: Halves | undefined;
  let rest = '';
  for (const part of text.split(';')) {
    if (part.startsWith('th:')) threshold = parseThreshold(part.slice(3));
    else if (part.startsWith('rv:')) randomness = parseRandomness(part.slice(3));
    else if (part !== '') rest += `;${part}`;
  }
  return { threshold, randomness, rest };
}

/** The trace state with the member replaced; the rest is unchanged. @internal */
export function writeOtMember(
  traceState: TraceState | undefined,
  threshold: Halves | undefined,
  randomness: Halves | undefined,
  rest: string,
): TraceState {
  let text = threshold ? `th:${thresholdText(threshold)}` : '';
  if (randomness) text += `${text && ';'}rv:${digitsOf(randomness)}`;
  if (rest && text.length + rest.length <= longest) text = text ? text + rest : rest.slice(1);
  if (traceState) return text ? traceState.set('ot', text) : traceState.unset('ot');
  return new OtOnly(text);
}

/** A trace state with only this member, the common case: building the API's map for it costs ten times as much. */
class OtOnly implements TraceState {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get(key: string): string | undefined {
    return key === 'ot' && this.#text ? this.#text : undefined;
  }

  set(key: string, value: string): TraceState {
    return key === 'ot' ? new OtOnly(value) : createTraceState(this.serialize()).set(key, value);
  }

  unset(key: string): TraceState {
    return key === 'ot' ? new OtOnly('') : this;
  }

  serialize(): string {
    return this.#text && `ot=${this.#text}`;
  }
}
