// A receiver of spans that answers as the agent or the intake of a tracer does, in a process of its own, because tracers trace
// servers: node serve.js TRACER. It sends its port, and then every span, to the process that has started it.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { gunzipSync, inflateSync } from 'node:zlib';

const { answer, isSecure = false } = await import(`./${process.argv[2]}.js`);
const decoders = { gzip: gunzipSync, deflate: inflateSync };

function onRequest(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks);
    const bytes = decoders[request.headers['content-encoding']]?.(raw) ?? raw;
    const answered = answer({
      method: request.method,
      path: request.url,
      type: request.headers['content-type'],
      host: `127.0.0.1:${port}`,
      body: String(bytes),
      bytes,
    });
    const { status = 200, type = 'application/json', json = {}, text = JSON.stringify(json), spans = [] } = answered;
    for (const name of String(bytes).match(/delivery-\d+-/g) ?? []) process.send({ name });
    for (const span of spans) process.send({ span });
    response.writeHead(status, { 'content-type': type });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
}

/** The certificate of tests for 127.0.0.1, and its key. */
function certificate() {
  const text = readFileSync(new URL('../../../src/export/testing/certificate.ts', import.meta.url), 'utf8');
  const [cert, key] = text.match(/-----BEGIN [\s\S]*?-----END [A-Z ]+-----\n/g);
  return { cert, key };
}

const tls = isSecure ? certificate() : undefined;
const server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
let port = 0;
server.listen(port, '127.0.0.1', () => {
  if (port > 0) return;
  ({ port } = server.address());
  process.send({ port, certificate: tls?.cert });
});
process.on('message', ({ isReachable }) => {
  if (isReachable) {
    server.listen(port, '127.0.0.1', () => process.send({ isReachable }));
  } else {
    server.close(() => process.send({ isReachable }));
    server.closeAllConnections();
  }
});
process.on('disconnect', () => process.exit(0));
