// Starts a built Next.js application, sends it requests, and checks the spans that arrive: node next-check.cjs
const { spawn } = require('node:child_process');
const { createServer } = require('node:http');

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const spans = [];
let output = '';

const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => (body += chunk));
  request.on('end', () => {
    for (const { scopeSpans } of JSON.parse(body).resourceSpans)
      for (const { scope, spans: some } of scopeSpans)
        for (const span of some) spans.push({ scope: scope.name, ...span });
    response.setHeader('content-type', 'application/json').end('{}');
  });
});

/** The headers that the other service has received. */
const received = [];
const other = createServer((request, response) => {
  received.push(request.headers['traceparent'] ?? 'none');
  response.end('{}');
});

async function until(what, condition) {
  const end = Date.now() + 60_000;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > end) throw new Error(`${what} did not happen: ${output}\n${JSON.stringify(spans)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function check(port) {
  const headers = { traceparent: `00-${traceId}-${spanId}-01` };
  for (const path of ['/api/orders', '/api/legacy', '/api/prices']) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: '{"id":7}', headers });
    const answer = await response.text();
    if (answer !== '{"sent":true}') throw new Error(`another response of ${path}: ${response.status} ${answer}`);
  }
  const ours = () => spans.filter((span) => span.traceId === traceId);
  const count = (kind) => ours().filter((span) => span.kind === kind).length;
  await until('three requests', () => count(2) >= 3 && count(4) >= 2);
  // A span of kind SERVER (2) for each request, of Next.js, and a publish (PRODUCER, 4) in each.
  const servers = ours().filter(({ kind }) => kind === 2);
  const others = servers.filter((span) => span.scope !== 'next.js' || span.parentSpanId !== spanId);
  if (servers.length !== 3 || others.length > 0) throw new Error(`other server spans: ${JSON.stringify(servers)}`);
  const byId = new Map(ours().map((span) => [span.spanId, span]));
  const roots = ours().filter(({ kind }) => kind === 4);
  for (const publish of roots) {
    let span = publish;
    while (byId.has(span.parentSpanId)) span = byId.get(span.parentSpanId);
    if (publish.scope !== 'mqtrace' || !servers.includes(span))
      throw new Error(`a publish that is not below a request: ${JSON.stringify([publish, span])}`);
  }
  // Two calls of the other service, each with one span of kind CLIENT (3), which is of one of the two, and with headers of the trace.
  const calls = ours().filter((span) => span.kind === 3 && /^(?:GET$|fetch )/.test(span.name));
  if (calls.length !== 2 || received.length !== 2 || !received.every((header) => header.includes(traceId)))
    throw new Error(`other calls: ${JSON.stringify({ calls, received })}`);
  const lost = spans.filter((span) => span.scope === 'mqtrace' && span.traceId !== traceId);
  if (lost.length > 0) throw new Error(`spans outside of the trace: ${JSON.stringify(lost)}`);
  const scopes = calls.map(({ scope }) => scope).join();
  console.log(`ok: three requests, calls of ${scopes}, with ${ours().length} spans`);
}

async function main() {
  const next = spawn(process.execPath, ['node_modules/next/dist/bin/next', 'start', '-p', '0', '-H', '127.0.0.1'], {
    env: {
      ...process.env,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiver.address().port}`,
      OTHER_SERVICE: `http://127.0.0.1:${other.address().port}/prices`,
    },
  });
  for (const stream of [next.stdout, next.stderr]) stream.on('data', (chunk) => (output += chunk));
  try {
    await until('the start', () => /Ready/.test(output));
    await check(/http:\/\/127\.0\.0\.1:(\d+)/.exec(output)[1]);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    next.kill();
    receiver.close();
    receiver.closeAllConnections();
    other.close();
    other.closeAllConnections();
  }
}
receiver.listen(0, '127.0.0.1', () => other.listen(0, '127.0.0.1', () => void main()));
