import { propagation, ROOT_CONTEXT } from '@opentelemetry/api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { kafkaHeaders, droppedHeaders } from '../../carriers/index.ts';
import { type BaggagePolicy, compilePolicy } from './baggage-policy.ts';
import { extract, inject, mqtracePropagator, processBaggage } from './index.ts';
import { injectCopy } from './inject-extract.ts';
import { compilePatterns } from './patterns.ts';

const incoming = 'tenant=a;ttl=1,app.user=u,app.secret=s,x-debug=1,region=eu';
const passed = (policy: BaggagePolicy, header = incoming): string | undefined =>
  inject(kafkaHeaders, {}, compilePolicy(policy, 'policy').apply(extract(kafkaHeaders, { baggage: header })))[
    'baggage'
  ] as string | undefined;

test.each<[string, BaggagePolicy, string | undefined]>([
  ['allow', { allow: ['tenant', 'app.*'] }, 'tenant=a;ttl=1,app.user=u,app.secret=s'],
  ['deny takes precedence over allow', { allow: ['*'], deny: ['app.*', 'x-*'] }, 'tenant=a;ttl=1,region=eu'],
  ['allow nothing', { allow: [] }, undefined],
  [
    'redact replaces value and metadata',
    { redact: ['tenant', '*secret'] },
    'tenant=%5Bredacted%5D,app.user=u,app.secret=%5Bredacted%5D,x-debug=1,region=eu',
  ],
  ['rename', { allow: ['tenant'], rename: { tenant: 'customer' } }, 'customer=a;ttl=1'],
  [
    'a renamed entry replaces an existing one',
    { allow: ['tenant', 'region'], rename: { tenant: 'region' } },
    'region=a;ttl=1',
  ],
  ['and also if it comes later', { allow: ['tenant', 'region'], rename: { region: 'tenant' } }, 'tenant=eu'],
  ['a count', { maxEntries: 2 }, 'tenant=a;ttl=1,app.user=u'],
  ['a budget: entries that do not fit are omitted as a whole, in order', { maxBytes: 26 }, 'tenant=a;ttl=1,app.user=u'],
  ['a budget into which a later, smaller entry still fits', { maxBytes: 24 }, 'tenant=a;ttl=1,x-debug=1'],
  ['no budget', { maxBytes: 0 }, undefined],
])('%s', (_, policy, expected) => {
  expect(passed(policy)).toBe(expected);
});

test('entries that others would read as a denied key do not pass: percent-encoded, or in an invalid member', () => {
  expect(passed({ deny: ['secret'] }, '%73ecret=1,%73ecre%=2,a=1')).toBe('%73ecre%=2,a=1');
  expect(passed({ redact: ['secret'] }, '%73ecret=1,a=1')).toBe('%73ecret=%5Bredacted%5D,a=1');
  expect(passed({ deny: ['secret'] }, 'a = 1,"secret"=1,secret;x=1')).toBe('a=1');
  processBaggage.set('region', 'eu');
  const received = extract(kafkaHeaders, { baggage: 'a = 1,"secret"=1' });
  const allowed = compilePolicy({ deny: ['secret'] }, 'policy');
  const appended = injectCopy(mqtracePropagator, kafkaHeaders, {}, received, (context) => allowed.apply(context));
  expect(appended).toEqual({ baggage: 'a=1,region=eu' });
  processBaggage.clear();
});

test('baggage that passes completely is unchanged, byte for byte', () => {
  const context = extract(kafkaHeaders, { baggage: 'b = 1;p=q , a=%41+%2b' });
  const policy = compilePolicy({ allow: ['*'], deny: ['z'], maxBytes: 100, redact: ['x*'] }, 'policy');
  expect(policy.apply(context)).toBe(context);
  expect(policy.apply(ROOT_CONTEXT)).toBe(ROOT_CONTEXT);
});

test('omitted entries are counted', () => {
  const before = droppedHeaders();
  passed({ deny: ['app.*'], maxEntries: 1 });
  expect(droppedHeaders()['policy-denied'] - before['policy-denied']).toBe(2);
  expect(droppedHeaders()['policy-budget'] - before['policy-budget']).toBe(2);
});

test('allow-listed entries are set on the span, redacted and truncated', () => {
  const policy = compilePolicy({ spanAttributes: ['tenant', 'app.*'], redact: ['app.secret'] }, 'policy');
  const context = policy.apply(extract(kafkaHeaders, { baggage: `${incoming},app.long=${'x'.repeat(300)}` }));
  expect(policy.attributes(context)).toEqual({
    'baggage.tenant': 'a',
    'baggage.app.user': 'u',
    'baggage.app.secret': '[redacted]',
    'baggage.app.long': 'x'.repeat(256),
  });
  expect(compilePolicy({}, 'policy').attributes(context)).toBeUndefined();
});

test.each<[unknown, string]>([
  [null, 'send: expected a baggage policy, got null'],
  [{ alow: [] }, 'send: unknown option "alow"; did you mean "allow"?'],
  [{ allow: 'tenant' }, 'send.allow: expected an array of patterns, as ["tenant", "app.*"], got "tenant"'],
  [{ deny: [''] }, 'send.deny: expected an array of patterns'],
  [[], 'send: expected an object, got an array of 0'],
  [7, 'send: expected a baggage policy, got 7'],
  [{ rename: ['b'] }, 'send.rename: expected an object of new keys by old keys, got an array of 1'],
  [{ rename: null }, 'send.rename: expected an object'],
  [{ maxBytes: '10' }, 'send.maxBytes: expected a whole number'],
  [{ spanAttributes: [7] }, 'send.spanAttributes: expected an array of patterns'],
  [{ rename: { a: 'b c' } }, 'send.rename[a]: expected a token, got "b c"'],
  [{ maxBytes: 8193 }, 'send.maxBytes: expected a whole number from 0 to 8192, got 8193'],
  [{ maxEntries: 1.5 }, 'send.maxEntries: expected a whole number from 0 to 64, got 1.5'],
])('throws for %j', (policy, message) => {
  expect(() => compilePolicy(policy as BaggagePolicy, 'send')).toThrow(message);
});

test('patterns match like a regular expression, and a hostile key does not slow them down', () => {
  const piece = fc.constantFrom('a', 'b', '.', '*', 'ab', '**');
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1 }), fc.array(fc.constantFrom('a', 'b', '.')), (glob, text) => {
      const pattern = glob.join('');
      const escaped = pattern.replaceAll('.', '\\.').replaceAll(/\*+/g, '.*');
      expect(compilePatterns([pattern], 'p')!(text.join(''))).toBe(new RegExp(`^${escaped}$`).test(text.join('')));
    }),
  );
  // Unbounded backtracking would not return.
  expect(compilePatterns(['*a*a*a*a*a*a*a*a*a*a*b'], 'p')!('a'.repeat(8000))).toBe(false);
});

test('any baggage under any policy is bounded, within the budget, and contains nothing new', () => {
  const key = fc.stringMatching(/^[a-z]{1,3}$/);
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.string({ unit: 'binary', maxLength: 40 })),
      fc.nat(300),
      fc.nat(64),
      (entries, maxBytes, maxEntries) => {
        const made = propagation.createBaggage(
          Object.fromEntries(Object.entries(entries).map(([k, value]) => [k, { value }])),
        );
        const policy = compilePolicy({ maxBytes, maxEntries, deny: ['a*'] }, 'policy');
        const context = policy.apply(propagation.setBaggage(ROOT_CONTEXT, made));
        const header = String(inject(kafkaHeaders, {}, context)['baggage'] ?? '');
        expect(header.length).toBeLessThanOrEqual(maxBytes);
        const members = header === '' ? [] : header.split(',');
        expect(members.length).toBeLessThanOrEqual(maxEntries);
        for (const member of members) expect(Object.keys(entries)).toContain(member.slice(0, member.indexOf('=')));
      },
    ),
  );
});

test('process-wide entries are set on the span of a send, by the same policy', () => {
  const policy = compilePolicy({ deny: ['secret'], redact: ['token'], spanAttributes: ['*'] }, 'policy');
  processBaggage.set('region', 'eu').set('secret', 's').set('token', 't');
  try {
    const context = extract(kafkaHeaders, { baggage: 'tenant=a' });
    expect(policy.attributesToSend(context)).toEqual({
      'baggage.tenant': 'a',
      'baggage.region': 'eu',
      'baggage.token': '[redacted]',
    });
    expect(policy.attributesToSend(ROOT_CONTEXT)).toEqual({ 'baggage.region': 'eu', 'baggage.token': '[redacted]' });
  } finally {
    processBaggage.clear();
  }
});
