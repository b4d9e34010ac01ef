import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { expectTypeOf, test } from 'vitest';
import { traceFetch, traceHandler } from './index.ts';

test('parameters are inferred for node:http, and any handler keeps its own type', () => {
  const handler = traceHandler(async (request, response) => {
    expectTypeOf(request).toEqualTypeOf<IncomingMessage>();
    expectTypeOf(response).toEqualTypeOf<ServerResponse>();
    return 7;
  });
  expectTypeOf(handler).returns.toEqualTypeOf<Promise<number>>();
  createServer(traceHandler((_request, response) => void response.end()));
  type ExpressRequest = IncomingMessage & { params: Record<string, string> };
  const express = (_request: ExpressRequest, _response: ServerResponse, _next: (error?: unknown) => void): void => {};
  expectTypeOf(traceHandler(express)).toEqualTypeOf(express);
  expectTypeOf(traceFetch()).toEqualTypeOf(fetch);
});
