// Asks what a tracer makes of messages from outside, whose headers nobody has checked, by the names in docs/compared.md.

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
/** Its last 16 digits. */
const traceIdOfIt = '8448eb211c80319c';

/** Parents that are not valid: ids of twice the length, ids of zeros, and the version that is reserved. */
const invalidParents = [
  `00-${'a'.repeat(64)}-${'b'.repeat(32)}-01`,
  `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`,
  `ff-${'c'.repeat(32)}-${'d'.repeat(16)}-01`,
];
const idsOfThem = new Set(['a', '0', 'c'].map((digit) => digit.repeat(16)));

/** A list of this many members of 100 bytes. */
const listOf = (count) => Array.from({ length: count }, (_, at) => `key${at}=${'x'.repeat(95)}`).join();

/** @param client - one of the folder `clients` */
export function outsideQuestions(client, tracer) {
  /** Consumes messages with these headers, which no tracer has sent. */
  async function receive(inputs, handler, how) {
    const from = await client.newDestination();
    await tracer.untraced(() => client.send(from, inputs.map(client.input)));
    await client.consume(from, handler, inputs.length, how);
  }
  /** The headers of a message that is sent while one with these headers is handled. */
  async function passOn(headers) {
    const to = await client.newDestination();
    await receive([headers], () => client.send(to, [client.input({ source: 'shop' })]));
    let passedOn;
    await client.consume(to, async (given) => void (passedOn = given), 1);
    return passedOn;
  }
  if (client.hasHeaders === false) return {};
  /** Only a tracer that continues a trace from outside can do it wrongly. */
  let answer;
  const continues = () => {
    const look = (resolve) => receive([{ traceparent }], async () => resolve(tracer.activeTraceId() === traceIdOfIt));
    answer ??= new Promise((resolve, reject) => void look(resolve).catch(reject));
    return answer;
  };

  return {
    async 'Baggage of 20 kB, from outside, is not passed on as a whole'() {
      // Only where there are headers, and where baggage is passed on at all.
      if (tracer.tenant === undefined || client.hasLargeHeaders === false) return undefined;
      const { baggage = '' } = await passOn({ traceparent, baggage: listOf(200) });
      return baggage.length <= 8192;
    },

    async 'A trace state of 5 kB, from outside, is not passed on as a whole'() {
      if (!(await continues())) return undefined;
      const { tracestate = '' } = await passOn({ traceparent, tracestate: listOf(50) });
      return tracestate.length <= 1024;
    },

    async 'A trace id from outside that is not valid, such as one of twice the length, is not used'() {
      if (!(await continues())) return undefined;
      const seen = [];
      const inputs = invalidParents.map((parent) => ({ traceparent: parent }));
      await receive(inputs, async () => void seen.push(tracer.activeTraceId()));
      return seen.length === inputs.length && seen.every((traceId) => !idsOfThem.has(traceId));
    },

    async 'Messages from outside can be processed in new traces, without their baggage'() {
      if (!(await continues())) return undefined;
      let seen;
      const look = async () => void (seen = { traceId: tracer.activeTraceId(), tenant: tracer.tenant?.() });
      await receive([{ traceparent, baggage: 'tenant=acme' }], look, { options: { trust: 'ignore' } });
      return seen.traceId !== undefined && seen.traceId !== traceIdOfIt && seen.tenant === undefined;
    },
  };
}
