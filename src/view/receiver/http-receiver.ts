// Receives OTLP over HTTP.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type Access, hasToken, refusal } from './access.ts';
import type { Intake, Signal } from './intake.ts';
import { readBody, RefusedRequest } from './request-body.ts';

const signals: Readonly<Record<string, Signal | 'ignored'>> = {
  '/v1/traces': 'traces',
  '/v1/metrics': 'metrics',
  // Accepted and discarded: otherwise a service that also exports logs would report errors.
  '/v1/logs': 'ignored',
};

/** An OTLP/HTTP receiver for protobuf and JSON. */
export function createHttpReceiver(intake: Intake, access: Access): Server {
  return createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    receive(intake, access, request, response).catch((error: unknown) => {
      const status = error instanceof RefusedRequest ? error.status : 400;
      if (response.headersSent) return;
      const headers = status === 503 ? { 'retry-after': '1' } : {};
      response.writeHead(status, { 'content-type': 'text/plain', connection: 'close', ...headers });
      response.end(error instanceof Error ? error.message : 'bad request');
      request.resume();
    });
  });
}

async function receive(
  intake: Intake,
  access: Access,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const refused = refusal(access, request.headers, 'loopback');
  if (refused !== undefined) throw new RefusedRequest(403, refused);
  if (!hasToken(access, request.headers, url))
    throw new RefusedRequest(401, 'expected the header "authorization: Bearer TOKEN"');
  const signal = signals[url.pathname];
  if (signal === undefined) throw new RefusedRequest(404, 'expected /v1/traces or /v1/metrics');
  if (request.method !== 'POST') throw new RefusedRequest(405, 'expected POST');
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim();
  // No other types: a web page may send some of them to any address without a CORS preflight.
  if (type !== 'application/x-protobuf' && type !== 'application/json')
    throw new RefusedRequest(415, 'content-type: expected application/x-protobuf or application/json');
  const body = await readBody(request, request.headers['content-encoding']);
  const json = type === 'application/json';
  if (signal !== 'ignored') intake.take(signal, body, json ? 'json' : 'protobuf');
  // An empty response message: no bytes in protobuf, an empty object in JSON.
  response.writeHead(200, { 'content-type': type }).end(json ? '{}' : undefined);
}
