// Runs the pipelines with the provider of a vendor, whose propagator is not sufficient: node provider.cjs
// sentry|datadog
const providers = {
  sentry() {
    const Sentry = require('@sentry/node');
    Sentry.init({
      dsn: 'http://key@127.0.0.1:9/1',
      tracesSampleRate: 1,
      enableOpenTelemetrySetup: true,
      // Their instrumentations of the same clients overwrite the message's baggage with their own.
      integrations: (all) => all.filter(({ name }) => !/kafka|amqp|redis/i.test(name)),
    });
  },
  datadog() {
    const tracer = require('dd-trace').init({ startupLogs: false, plugins: false });
    new tracer.TracerProvider().register();
  },
};
providers[process.argv[2]]();

const { propagation, ROOT_CONTEXT, trace } = require('@opentelemetry/api');
const { inject } = require('mqtrace');
const { kafkaHeaders } = require('mqtrace/carriers');
const tracer = trace.getTracer('lane');

const lines = [];
const write = process.stderr.write.bind(process.stderr);
process.stderr.write = (text, ...rest) => {
  lines.push(String(text));
  return write(text, ...rest);
};

async function main() {
  const tracing = {
    span: (name, fn) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await fn(span);
        } finally {
          span.end();
        }
      }),
    shutdown: () => Promise.resolve(),
  };
  const result = await require('./entry.cjs')({ tracing, options: { propagator: 'mqtrace' } });
  if (lines.some((line) => line.startsWith('mqtrace:'))) throw new Error('a warning although all is well');

  const baggage = propagation.setBaggage(ROOT_CONTEXT, propagation.createBaggage({ tenant: { value: 'acme' } }));
  for (let i = 0; i < 3; i++)
    tracer.startActiveSpan('unconfigured', (span) => {
      inject(kafkaHeaders, {}, trace.setSpan(baggage, span));
      span.end();
    });
  const warnings = lines.filter((line) => line.startsWith('mqtrace:'));
  if (warnings.length !== 1 || !warnings[0].includes("{ propagator: 'mqtrace' }"))
    throw new Error(`warnings: ${JSON.stringify(warnings)}`);
  return result;
}

main().then(
  (result) => {
    console.log(result);
    process.exit();
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
