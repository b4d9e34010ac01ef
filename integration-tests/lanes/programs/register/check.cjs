// Runs a program with `mqtrace/register` and tells the spans that arrive, as JSON; fails unless they are one trace.
//   node register/check.cjs [--or-said] FLAG… PROGRAM: with --or-said, a warning that clients were missed is right as well
//   node register/check.cjs --publishes=N FLAG… PROGRAM: the program checks its traces itself, and has N spans of publishes
const { spawn } = require('node:child_process');
const { createServer } = require('node:http');

/** What the application does, by the names of its spans without those of topic, queue and stream. */
const expected = ['ack', 'process', 'process', 'publish', 'send', 'xadd'];

module.exports = function check(args, { env = {}, cwd } = {}) {
  const spans = [];
  let output = '';
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
        const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
        for (const { scope, spans: some } of scopeSpans)
          for (const { name, traceId, links = [] } of some)
            spans.push({ scope: scope.name, service, name, traceId, links: links.map((link) => link.traceId) });
      }
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  return new Promise((resolve, reject) => {
    server.listen(0, '127.0.0.1', () => {
      const child = spawn(process.execPath, args, {
        cwd,
        env: {
          ...process.env,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.address().port}`,
          KAFKAJS_NO_PARTITIONER_WARNING: '1',
          ...env,
        },
      });
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
      child.on('error', reject);
      child.on('close', (code) => {
        server.close();
        resolve({ code, output, spans });
      });
    });
  });
};

/** The application's spans in the trace of its first message, and its reads that link that trace. */
module.exports.oneTrace = function oneTrace(spans) {
  const trace = spans.find(({ name }) => name.startsWith('send '))?.traceId;
  const names = spans.filter(({ traceId }) => traceId === trace).map(({ name }) => name.split(' ')[0]);
  const linking = spans.filter(({ links, traceId }) => traceId !== trace && links.includes(trace));
  return { names: names.sort(), linking: linking.map(({ name }) => name.split(' ')[0]).sort() };
};
module.exports.expected = expected;

if (require.main === module) {
  const args = process.argv.slice(2).filter((arg) => !/^--(or-said|publishes)/.test(arg));
  const publishes = process.argv.find((arg) => arg.startsWith('--publishes='))?.split('=')[1];
  void module.exports(args).then(({ code, output, spans }) => {
    const { names, linking } = module.exports.oneTrace(spans);
    const isPublished = spans.filter(({ name }) => name.startsWith('publish ')).length === Number(publishes);
    const isOneTrace = names.join() === expected.join() && linking.join() === 'xack,xreadgroup';
    const traced = publishes === undefined ? isOneTrace : isPublished;
    // Where clients were missed, one line says so: never silently.
    const said = process.argv.includes('--or-said') && /was loaded past the CommonJS loader/.test(output);
    const ok = code === 0 && (traced || said);
    if (ok) console.log(`ok, ${spans.length} spans${traced ? '' : ', and a warning'}`);
    else console.log(`FAILED ${code}: ${names} | ${linking}\n${output}\n${JSON.stringify(spans, undefined, 1)}`);
    process.exitCode = ok ? 0 : 1;
  });
}
