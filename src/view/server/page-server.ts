// Serves the page and its API.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { MqtraceError } from '../../common/errors.ts';
import { type Access, hasToken, refusal } from '../receiver/access.ts';
import type { Intake } from '../receiver/intake.ts';
import type { SpanStore } from '../store/store.ts';
import { answerFrom, type AnswerPath, answerPaths } from './api.ts';
import { type StreamLine, streamType } from './answer-stream.ts';
import type { PageFile } from './page-files.ts';

/** The addresses to which services send, for the page. */
export interface Endpoints {
  http: string | undefined;
  grpc: string | undefined;
  file: string | undefined;
}

export interface PageServerOptions {
  store: SpanStore;
  intake: Intake;
  access: Access;
  files: ReadonlyMap<string, PageFile>;
  endpoints: () => Endpoints;
}

const securityHeaders = {
  // Only our own files are loaded or run, even if a span name contains HTML.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** How often a search reports its progress, in milliseconds. */
const progressMs = 200;

/** Serves the page and the HTTP API. It is read-only. */
export function createPageServer(options: PageServerOptions): Server {
  return createServer({ requestTimeout: 30_000 }, (request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      const wrong = error instanceof MqtraceError;
      const message = { error: wrong ? error.message : 'internal error' };
      if (response.headersSent) finish(response, message);
      else send(response, wrong ? 400 : 500, message);
    });
  });
}

async function respond(options: PageServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { access, files, store } = options;
  const refused = refusal(access, request.headers, 'own');
  if (refused !== undefined) return send(response, 403, { error: refused });
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!hasToken(access, request.headers, url))
    return send(response, 401, { error: 'open the URL with its token, as "mqtrace view" printed it' });
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { error: 'expected GET' });
  const file = files.get(url.pathname);
  if (file !== undefined) {
    const cookie = url.searchParams.has('token')
      ? { 'set-cookie': `mqtrace-token=${access.token}; HttpOnly; SameSite=Strict; Path=/` }
      : {};
    response.writeHead(200, { ...securityHeaders, ...cookie, 'content-type': file.type }).end(file.body);
    return;
  }
  if (url.pathname === '/api/status') return send(response, 200, status(options));
  const path = answerPaths.find((each) => each === url.pathname);
  if (path === undefined) return send(response, 404, { error: 'not found' });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const onProgress = request.headers.accept === streamType ? progressOf(response) : undefined;
  const answer = await answerFrom(store, path satisfies AnswerPath, url.searchParams, gone.signal, onProgress);
  if (response.headersSent) return finish(response, { answer: answer ?? {} });
  if (answer === undefined) return send(response, 404, { error: 'there is no message or span with this id' });
  send(response, 200, answer);
}

/** Sends progress reports once the answer takes longer than `progressMs`; a quick answer is sent without them. */
function progressOf(response: ServerResponse): (share: number) => void {
  let told = performance.now();
  return (share) => {
    if (performance.now() - told < progressMs || response.writableEnded) return;
    told = performance.now();
    if (!response.headersSent) response.writeHead(200, { ...securityHeaders, 'content-type': streamType });
    response.write(`${JSON.stringify({ progress: Math.min(1, share) } satisfies StreamLine)}\n`);
  };
}

function finish(response: ServerResponse, line: StreamLine): void {
  if (!response.writableEnded) response.end(`${JSON.stringify(line)}\n`);
}

function status({ store, intake, endpoints }: PageServerOptions): object {
  return {
    schema: 'mqtrace.status/1',
    version: store.version,
    endpoints: endpoints(),
    intake: intake.stats,
    spans: { received: store.received, kept: store.rows, evicted: store.evicted },
    bytes: store.bytes,
  };
}

function send(response: ServerResponse, code: number, body: object): void {
  if (response.headersSent) return;
  response
    .writeHead(code, { ...securityHeaders, 'content-type': 'application/json; charset=utf-8' })
    .end(JSON.stringify(body));
}
