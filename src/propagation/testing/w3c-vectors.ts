// The rules of the W3C specifications as test vectors.
import type { HeaderPairs } from '../../../carriers/testing/formats.ts';

export const traceId = '12345678901234567890123456789012';
export const spanId = '1234567890123456';
export const valid: string = `00-${traceId}-${spanId}-01`;

/** A rule of W3C Trace Context: received headers, and the parts that must be kept. */
export interface TraceContextVector {
  rule: string;
  headers: HeaderPairs;
  /** The flags kept with the trace; undefined if a new trace must start. */
  flags?: number;
  /** The propagated tracestate. */
  state?: string;
  /** How queues differ from HTTP, and why. */
  queues?: { flags?: number; state?: string; because: string };
  /** A name in mixed case, which is not looked up in objects. */
  mixedCase?: true;
}

const from = (traceparent: string): HeaderPairs => [['traceparent', traceparent]];
const withState = (...states: string[]): HeaderPairs => [
  ['traceparent', valid],
  ...states.map((state): [string, string] => ['tracestate', state]),
];
const members = (count: number): string => Array.from({ length: count }, (_, i) => `bar${i}=${i}`).join(',');

const mixedCase = 'a queue reads the spellings that writers use (lower, upper, capitals), not every mixture';

/** Level 1 and 2: the rules of the specification's own test suite (strict), and those of Level 2 that it does not test. */
export const traceContextVectors: readonly TraceContextVector[] = [
  { rule: 'nothing', headers: [] },
  { rule: 'traceparent alone', headers: from(valid), flags: 1 },
  {
    rule: 'two different traceparents start a new trace',
    headers: [...from(`00-12345678901234567890123456789011-${spanId}-01`), ...from(valid)],
    queues: { flags: 1, because: 'a forwarder that appends instead of replacing meant the last one' },
  },
  { rule: 'two equal traceparents are one', headers: [...from(valid), ...from(valid)], flags: 1 },
  { rule: 'name trace-parent', headers: [['trace-parent', valid]] },
  { rule: 'name trace.parent', headers: [['trace.parent', valid]] },
  { rule: 'name TraceParent', headers: [['TraceParent', valid]], flags: 1 },
  { rule: 'name TRACEPARENT', headers: [['TRACEPARENT', valid]], flags: 1 },
  {
    rule: 'name TrAcEpArEnT',
    headers: [['TrAcEpArEnT', valid]],
    flags: 1,
    mixedCase: true,
    queues: { because: mixedCase },
  },
  { rule: 'version 00 with a dot after', headers: from(`${valid}.`) },
  { rule: 'version 00 with more after', headers: from(`${valid}-what-the-future-will-be-like`) },
  { rule: 'version cc', headers: from(`cc-${traceId}-${spanId}-01`), flags: 1 },
  { rule: 'version cc with more after a dash', headers: from(`cc-${traceId}-${spanId}-01-what-will-be`), flags: 1 },
  { rule: 'version cc with more after a dot', headers: from(`cc-${traceId}-${spanId}-01.what-will-be`) },
  { rule: 'version ff', headers: from(`ff-${traceId}-${spanId}-01`) },
  ...['.0', '0.', '000', '0000', '0', 'AA'].map((version) => ({
    rule: `version ${version}`,
    headers: from(`${version}-${traceId}-${spanId}-01`),
  })),
  ...[
    '0'.repeat(32),
    `.${traceId.slice(1)}`,
    `${traceId.slice(1)}.`,
    `${traceId}3`,
    traceId.slice(1),
    'A'.repeat(32),
  ].map((id) => ({ rule: `trace id ${id}`, headers: from(`00-${id}-${spanId}-01`) })),
  ...['0'.repeat(16), `.${spanId.slice(1)}`, `${spanId.slice(1)}.`, `${spanId}7`, spanId.slice(1), 'B'.repeat(16)].map(
    (id) => ({ rule: `parent id ${id}`, headers: from(`00-${traceId}-${id}-01`) }),
  ),
  ...['.0', '0.', '001', '1', '', '0A'].map((flags) => ({
    rule: `flags "${flags}"`,
    headers: from(`00-${traceId}-${spanId}-${flags}`),
  })),
  ...[` ${valid}`, `\t${valid}`, `${valid} `, `${valid}\t`, `\t ${valid} \t`].map((text) => ({
    rule: `white space around: ${JSON.stringify(text)}`,
    headers: from(text),
    flags: 1,
  })),
  { rule: 'Level 2: flags 00', headers: from(`00-${traceId}-${spanId}-00`), flags: 0 },
  { rule: 'Level 2: random flag alone', headers: from(`00-${traceId}-${spanId}-02`), flags: 2 },
  { rule: 'Level 2: random and sampled', headers: from(`00-${traceId}-${spanId}-03`), flags: 3 },
  { rule: 'Level 2: flags it does not know are not passed on', headers: from(`00-${traceId}-${spanId}-fd`), flags: 1 },
  {
    rule: 'Level 2: of a higher version the sampled flag alone',
    headers: from(`01-${traceId}-${spanId}-ff`),
    flags: 1,
  },

  { rule: 'tracestate without traceparent', headers: [['tracestate', 'foo=1']] },
  { rule: 'tracestate', headers: withState('foo=1,bar=2'), flags: 1, state: 'foo=1,bar=2' },
  { rule: 'name trace-state', headers: [...from(valid), ['trace-state', 'foo=1']], flags: 1 },
  { rule: 'name trace.state', headers: [...from(valid), ['trace.state', 'foo=1']], flags: 1 },
  { rule: 'name TraceState', headers: [...from(valid), ['TraceState', 'foo=1']], flags: 1, state: 'foo=1' },
  { rule: 'name TRACESTATE', headers: [...from(valid), ['TRACESTATE', 'foo=1']], flags: 1, state: 'foo=1' },
  {
    rule: 'name TrAcEsTaTe',
    headers: [...from(valid), ['TrAcEsTaTe', 'foo=1']],
    flags: 1,
    state: 'foo=1',
    mixedCase: true,
    queues: { flags: 1, because: mixedCase },
  },
  { rule: 'empty tracestate', headers: withState(''), flags: 1 },
  { rule: 'empty tracestate after', headers: withState('foo=1', ''), flags: 1, state: 'foo=1' },
  { rule: 'empty tracestate before', headers: withState('', 'foo=1'), flags: 1, state: 'foo=1' },
  {
    rule: 'several tracestates are one, in order',
    headers: withState('foo=1,bar=2', 'rojo=1,congo=2', 'baz=3'),
    flags: 1,
    state: 'foo=1,bar=2,rojo=1,congo=2,baz=3',
  },
  ...[['foo=1,foo=1'], ['foo=1,foo=2'], ['foo=1', 'foo=1'], ['foo=1', 'foo=2']].map((states) => ({
    rule: `duplicate keys, the first counts: ${states.join(' and ')}`,
    headers: withState(...states),
    flags: 1,
    state: 'foo=1',
  })),
  ...['abcdefghijklmnopqrstuvwxyz0123456789_-*/', 'abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/'].map((key) => {
    const characters = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)).join('');
    const state = `${key}=${characters.replace(',', '').replace('=', '')}`;
    return { rule: `all allowed characters, key ${key}`, headers: withState(state), flags: 1, state };
  }),
  ...['foo=1 \t , \t bar=2, \t baz=3', 'foo=1\t \t,\t \tbar=2,\t \tbaz=3', '\t foo=1,bar=2,baz=3 \t'].map((state) => ({
    rule: `white space: ${JSON.stringify(state)}`,
    headers: withState(state),
    flags: 1,
    state: 'foo=1,bar=2,baz=3',
  })),
  ...['foo =1', 'FOO=1', 'foo.bar=1', '@foo=1,bar=2', '_foo=1', '-foo=1', '*foo=1', '/foo=1', '=1'].map((state) => ({
    rule: `illegal key: ${state}`,
    headers: withState(state),
    flags: 1,
  })),
  ...['foo@=1,bar=2', 'foo@@bar=1,bar=2', 'foo@bar@baz=1,bar=2', '0foo=1', '1@2=3'].map((state) => ({
    rule: `Level 2: legal key: ${state}`,
    headers: withState(state),
    flags: 1,
    state,
  })),
  { rule: '32 members', headers: withState(members(32)), flags: 1, state: members(32) },
  { rule: '33 members', headers: withState(members(33)), flags: 1 },
  {
    rule: 'key of 256 characters',
    headers: withState('foo=1', `${'z'.repeat(256)}=1`),
    flags: 1,
    state: `foo=1,${'z'.repeat(256)}=1`,
  },
  { rule: 'key of 257 characters', headers: withState('foo=1', `${'z'.repeat(257)}=1`), flags: 1 },
  {
    rule: 'tenant of 241, system of 14 characters',
    headers: withState('foo=1', `${'t'.repeat(241)}@${'v'.repeat(14)}=1`),
    flags: 1,
    state: `foo=1,${'t'.repeat(241)}@${'v'.repeat(14)}=1`,
  },
  ...[`${'t'.repeat(242)}@v`, `t@${'v'.repeat(15)}`, `t@${'v'.repeat(254)}`].map((key) => ({
    rule: `Level 2: an @ changes nothing of the 256 characters a key may have: ${key}`,
    headers: withState('foo=1', `${key}=1`),
    flags: 1,
    state: `foo=1,${key}=1`,
  })),
  { rule: 'Level 2: key of 257 characters with @', headers: withState('foo=1', `t@${'v'.repeat(255)}=1`), flags: 1 },
  ...['foo=bar=baz', 'foo=,bar=3'].map((state) => ({
    rule: `illegal value: ${state}`,
    headers: withState(state),
    flags: 1,
  })),
];

/** A rule of W3C Baggage as a row: the header, and the entries in it. */
export interface BaggageVector {
  rule: string;
  headers: string[];
  entries: [key: string, value: string, metadata?: string][];
}

const everyPunctuation = '\t "\';=asdf!@#$%^&*()';
const everyPunctuationEncoded = '%09%20%22%27%3B%3Dasdf%21%40%23%24%25%5E%26%2A%28%29';
const ows = ' \t ';
const spaced = (...parts: string[]): string => parts.join(ows);
const numbered = (count: number): [string, string][] => Array.from({ length: count }, (_, i) => [`key${i}`, 'value']);

export const baggageVectors: readonly BaggageVector[] = [
  { rule: 'one member', headers: ['SomeKey=SomeValue'], entries: [['SomeKey', 'SomeValue']] },
  {
    rule: 'members with properties',
    headers: ['SomeKey=SomeValue;SomeProp,SomeKey2=SomeValue2;ValueProp=PropVal'],
    entries: [
      ['SomeKey', 'SomeValue', 'SomeProp'],
      ['SomeKey2', 'SomeValue2', 'ValueProp=PropVal'],
    ],
  },
  {
    rule: 'white space around everything',
    headers: [spaced('SomeKey', '=', 'SomeValue', ';', 'SomeProp', ',', 'SomeKey2', '=', 'SomeValue2')],
    entries: [
      ['SomeKey', 'SomeValue', 'SomeProp'],
      ['SomeKey2', 'SomeValue2'],
    ],
  },
  {
    rule: 'equals signs in a value',
    headers: ['SomeKey=SomeValue=equals'],
    entries: [['SomeKey', 'SomeValue=equals']],
  },
  {
    rule: 'percent-encoded value',
    headers: [`SomeKey=${everyPunctuationEncoded}`],
    entries: [['SomeKey', everyPunctuation]],
  },
  {
    rule: 'percent-encoded value in white space',
    headers: [`SomeKey${ows}=${ows}${everyPunctuationEncoded}${ows}`],
    entries: [['SomeKey', everyPunctuation]],
  },
  {
    rule: 'several properties are kept as they are',
    headers: ['SomeKey=SomeValue;SomeProp;SecondProp=PropValue'],
    entries: [['SomeKey', 'SomeValue', 'SomeProp;SecondProp=PropValue']],
  },
  { rule: 'empty value', headers: ['SomeKey='], entries: [['SomeKey', '']] },
  { rule: 'bytes that are not UTF-8', headers: ['k=%FFx%C3%28'], entries: [['k', '\ufffdx\ufffd(']] },
  { rule: 'keys are not decoded', headers: ['user%20id=1'], entries: [['user%20id', '1']] },
  {
    rule: 'repeated headers are one',
    headers: ['k=v', 'l=w;p'],
    entries: [
      ['k', 'v'],
      ['l', 'w', 'p'],
    ],
  },
  {
    rule: '64 members',
    headers: [
      numbered(64)
        .map(([k, v]) => `${k}=${v}`)
        .join(','),
    ],
    entries: numbered(64),
  },
  {
    rule: 'one member of 8192 bytes',
    headers: [`a=${'0123456789'.repeat(819)}`],
    entries: [['a', '0123456789'.repeat(819)]],
  },
  {
    rule: 'members that are not allowed are left out one by one',
    headers: ['no-value,=x,a b=c,"q"=1,k=v'],
    entries: [['k', 'v']],
  },
];
