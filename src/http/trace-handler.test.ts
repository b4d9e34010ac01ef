import { once } from 'node:events';
import { Agent, get, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import { getBaggage } from '../propagation/index.ts';
import { serve, until } from '../../test-support/serve.ts';
import { recordRegisteredSpans } from '../../test-support/spans.ts';
import { traceHandler } from './index.ts';

const spans = recordRegisteredSpans();
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;

const text = async (message: IncomingMessage): Promise<string> => {
  let all = '';
  for await (const chunk of message.setEncoding('utf8')) all += chunk as string;
  return all;
};

test('each request over a keep-alive connection is a separate trace, without anything from the previous one', async () => {
  const seen: unknown[] = [];
  const sockets = new Set<unknown>();
  const { url } = await serve(
    traceHandler((request: IncomingMessage, response: ServerResponse) => {
      sockets.add(request.socket);
      seen.push([trace.getActiveSpan()?.spanContext().traceId === traceId, getBaggage().getAllEntries().length]);
      response.end();
    }),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const headers of [{ traceparent, baggage: 'a=1' }, {}, { baggage: 'b=2' }]) {
    const [response] = (await once(get(url, { agent, headers }), 'response')) as [IncomingMessage];
    await text(response);
  }
  agent.destroy();
  await until(() => spans.spans().length === 3);
  expect(sockets.size).toBe(1);
  expect(seen).toEqual([
    [true, 1],
    [false, 0],
    [false, 1],
  ]);
  expect(new Set(spans.spans().map((span) => span.spanContext().traceId)).size).toBe(3);
});

test('the span of a streamed response ends with its last byte, after the handler has returned', async () => {
  let response: ServerResponse | undefined;
  const { url } = await serve(
    traceHandler((_request: IncomingMessage, given: ServerResponse) => {
      response = given;
      given.write('first ');
    }),
  );
  const streamed = await fetch(url);
  expect(spans.spans()).toEqual([]);
  response?.end('second');
  expect(await streamed.text()).toBe('first second');
  await until(() => spans.spans().length === 1);
  expect(spans.span('GET').status.code).toBe(0);
});

test('a client that disconnects while sending gets no response, and the span records the failure', async () => {
  let arrived = false;
  const { url } = await serve(
    traceHandler((incoming: IncomingMessage, _response: ServerResponse) => {
      arrived = true;
      incoming.resume();
    }),
  );
  const request = httpRequest(url, { method: 'POST', headers: { 'content-length': 100 } });
  request.on('error', () => {});
  request.write('some');
  await until(() => arrived);
  request.destroy();
  await until(() => spans.spans().length === 1);
  const { attributes } = spans.span('POST');
  expect(attributes['error.type']).toBe('connection_closed');
  expect(attributes['http.response.status_code']).toBeUndefined();
});

test('HTTP/2: the authority is the server address, and a stream that the client cancels is a failure', async () => {
  const handler = traceHandler((request: Http2ServerRequest, response: Http2ServerResponse) => {
    response.write('first');
    if (request.url !== '/cancelled') response.end('last');
  });
  const server = http2.createServer((request, response) => handler(request, response)).listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const session = http2.connect(`http://localhost:${port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const stream = session.request({ ':path': '/all?a=1', traceparent });
  stream.resume();
  await once(stream, 'end');
  const cancelled = session.request({ ':path': '/cancelled' });
  cancelled.on('error', () => {});
  await once(cancelled, 'response');
  cancelled.close(http2.constants.NGHTTP2_CANCEL);
  await until(() => spans.spans().length === 2);
  const [all, broken] = spans.spans();
  expect(all?.spanContext().traceId).toBe(traceId);
  expect(all?.attributes).toMatchObject({
    'server.address': 'localhost',
    'server.port': port,
    'url.path': '/all',
    'network.protocol.version': '2',
    'http.response.status_code': 200,
  });
  expect(broken?.attributes['error.type']).toBe('connection_closed');
});

type Next = (error?: unknown) => void;
const answer = traceHandler(
  (error: unknown, _request: IncomingMessage, response: ServerResponse, _next: Next): void => {
    response.writeHead(500).end(`${String(error)} in ${trace.getActiveSpan()?.spanContext().traceId}`);
  },
);

test('a single error handler is traced, too', async () => {
  const { url } = await serve((request, response) => answer('no', request, response, () => {}));
  expect(await (await fetch(url, { headers: { traceparent } })).text()).toBe(`no in ${traceId}`);
  await until(() => spans.spans().length === 1);
});

test('a handler called with something other than a response runs untraced', () => {
  expect(traceHandler((request: string, response: object) => [request, response])('a', {})).toEqual(['a', {}]);
  expect(spans.spans()).toEqual([]);
});
