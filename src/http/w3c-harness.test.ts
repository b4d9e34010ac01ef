import { request } from 'node:http';
import { beforeEach, expect, test } from 'vitest';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { serve } from '../../test-support/serve.ts';
import { spanId, traceContextVectors, traceId, valid } from '../propagation/testing/w3c-vectors.ts';
import { traceFetch, traceHandler } from './index.ts';

// A service that calls other services on request, as in the specification's test suite: what it sends is compared with what it
// received.
recordRegisteredSpans();

interface Received {
  traceparent: string;
  tracestate: string | undefined;
}
let received: Received[];
let receiver: string;
let service: string;

beforeEach(async () => {
  received = [];
  ({ url: receiver } = await serve((incoming, response) => {
    const raw = incoming.rawHeaders;
    const all = (name: string): string[] => raw.filter((_, at) => at % 2 === 1 && raw[at - 1]!.toLowerCase() === name);
    const states = all('tracestate');
    received.push({
      traceparent: all('traceparent').join(' and '),
      tracestate: states.length === 0 ? undefined : states.join(','),
    });
    response.end();
  }));
  const call = traceFetch(fetch, { propagator: 'mqtrace' });
  ({ url: service } = await serve(
    traceHandler(
      async (incoming, response) => {
        for (let left = Number(incoming.url!.slice(1)); left > 0; left--) await call(receiver);
        response.end();
      },
      { propagator: 'mqtrace' },
    ),
  ));
});

/** Sends these header lines unchanged, repeats included, and returns what the service then sent. */
async function ask(headers: [string, unknown][], calls = 1): Promise<Received[]> {
  await new Promise<void>((resolve, reject) => {
    const lines = ['host', new URL(service).host, ...headers.flat()] as string[];
    const outgoing = request(`${service}/${calls}`, { headers: lines }, (response) => {
      response.resume().on('end', resolve);
    });
    outgoing.on('error', reject).end();
  });
  return received;
}

const format = /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/;

test.each(traceContextVectors)('W3C Trace Context over HTTP: $rule', async ({ headers, flags, state }) => {
  const [sent] = await ask(headers);
  expect(sent?.traceparent).toMatch(format);
  const [, sentTraceId, sentSpanId, sentFlags] = sent!.traceparent.split('-');
  if (flags === undefined) {
    expect(headers.flat().join(' ')).not.toContain(sentTraceId);
    expect(sent?.tracestate).toBeUndefined();
  } else {
    expect([sentTraceId, sentFlags]).toEqual([traceId, `0${flags}`]);
    // An unsampled span of the SDK has its own id, too.
    expect(sentSpanId).not.toBe(spanId);
    expect(sent?.tracestate).toBe(state);
  }
});

test('several calls belong to one trace, each with a different parent', async () => {
  const sent = await ask([['traceparent', valid]], 3);
  const parts = sent.map(({ traceparent }) => traceparent.split('-'));
  expect(new Set(parts.map(([, id]) => id))).toEqual(new Set([traceId]));
  expect(new Set(parts.map(([, , id]) => id)).size).toBe(3);
  for (const headers of [[], [['traceparent', `00-${traceId}-${spanId}-1`]]] as [string, unknown][][]) {
    received = [];
    const fresh = (await ask(headers, 2)).map(({ traceparent }) => traceparent.split('-'));
    expect(new Set(fresh.map(([, id]) => id)).size).toBe(1);
    expect(new Set(fresh.map(([, , id]) => id)).size).toBe(2);
    expect(fresh[0]?.[1]).not.toBe(traceId);
  }
});
