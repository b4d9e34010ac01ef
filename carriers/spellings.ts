// Computes the spellings in which header names of queues are looked up.
/** Spellings that writers use and that no rule derives. */
const irregular: ReadonlyMap<string, readonly string[]> = new Map([
  ['traceparent', ['TraceParent', 'traceParent']],
  ['tracestate', ['TraceState', 'traceState']],
  ['x-b3-traceid', ['X-B3-TraceId']],
  ['x-b3-spanid', ['X-B3-SpanId']],
  ['x-b3-parentspanid', ['X-B3-ParentSpanId']],
]);

const cached = new Map<string, readonly string[]>();
/** Names may come from a message (Jaeger's baggage): the number and length of cached names is limited. */
const cacheLimit = 100;
const lengthLimit = 256;

/**
 * The spellings in which a header's name is looked up. The lower-case one is last, because the last of several is used.
 *
 * Header names of queues are case-sensitive, and no specification requires more. Looking up the spellings that writers use has a
 * constant cost for any message. Iterating over all names would let a message with a hundred thousand of them block the event loop
 * for a fifth of a second for each header that is read. @internal
 */
export function spellings(key: string): readonly string[] {
  const known = cached.get(key);
  if (known !== undefined) return known;
  if (key.length > lengthLimit) return [key];
  const name = key.toLowerCase();
  const capitals = name.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
  const found = new Set([name.toUpperCase(), capitals, ...(irregular.get(name) ?? []), key]);
  found.delete(name);
  const all = [...found, name];
  if (cached.size < cacheLimit) cached.set(key, all);
  return all;
}
