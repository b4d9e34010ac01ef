// An application that starts OpenTelemetry's NodeSDK beside mqtrace/register: all spans are with its SDK, and its context works, also in
// clients and instrumentations that had a tracer before. The modules are handed over, so that it can be loaded in any way.
module.exports = async function run({ NodeSDK, context, trace, Redis }) {
  const { REDIS_URL, STREAM } = process.env;
  const early = new Redis(REDIS_URL);
  const spans = [];
  const processor = {
    onStart() {},
    onEnd: (span) => spans.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  let tracer;
  const instrumentation = {
    instrumentationName: 'own',
    instrumentationVersion: '1',
    enable() {},
    disable() {},
    setMeterProvider() {},
    // NodeSDK calls it before it registers its provider.
    setTracerProvider: (provider) => (tracer = provider.getTracer('own')),
    setConfig() {},
    getConfig: () => ({}),
  };
  new NodeSDK({ spanProcessors: [processor], instrumentations: [instrumentation] }).start();

  const redis = new Redis(REDIS_URL);
  await tracer.startActiveSpan('order', async (order) => {
    await redis.xadd(STREAM, '*', 'a', '1');
    await early.xadd(STREAM, '*', 'a', '1');
    order.end();
    const isInside = trace.getSpan(context.active()) === order;
    await redis.del(STREAM);
    await Promise.all([redis.quit(), early.quit()]);
    const children = spans.filter(
      ({ name, parentSpanContext }) =>
        name === `xadd ${STREAM}` && parentSpanContext?.spanId === order.spanContext().spanId,
    );
    const isAll = spans.length === 3 && children.length === 2 && isInside;
    console.log(isAll ? 'ok, 3 spans' : `FAILED: ${spans.map(({ name }) => name).join()}, in context: ${isInside}`);
    process.exit(isAll ? 0 : 1);
  });
};
