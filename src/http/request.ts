import type { IncomingMessage } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import { withoutSecrets } from './semconv.ts';

/** What is read of a request; Node's and Express' both fit. */
export type Request = Pick<IncomingMessage, 'headers' | 'method' | 'url'> &
  Partial<Pick<IncomingMessage, 'httpVersion' | 'socket'>>;

/** What a server's span tells of its request. */
export function requestAttributes(request: Request): Attributes {
  const attributes: Attributes = {};
  const url = urlOf(request);
  const question = url.indexOf('?');
  attributes['url.path'] = question < 0 ? url : url.slice(0, question);
  if (question >= 0) attributes['url.query'] = withoutSecrets(url.slice(question + 1));
  const { socket } = request;
  attributes['url.scheme'] = socket !== undefined && 'encrypted' in socket ? 'https' : 'http';
  const { host = request.headers[':authority'], 'user-agent': userAgent } = request.headers;
  const authority = typeof host !== 'string' ? null : /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host);
  if (authority?.[1] !== undefined) attributes['server.address'] = authority[1].replace(/^\[|\]$/g, '');
  if (authority?.[2] !== undefined) attributes['server.port'] = Number(authority[2]);
  if (userAgent !== undefined) attributes['user_agent.original'] = userAgent;
  if (request.httpVersion !== undefined) {
    attributes['network.protocol.version'] = request.httpVersion === '2.0' ? '2' : request.httpVersion;
  }
  if (socket?.remoteAddress !== undefined) {
    attributes['client.address'] = socket.remoteAddress;
    attributes['network.peer.address'] = socket.remoteAddress;
    if (socket.remotePort !== undefined) attributes['network.peer.port'] = socket.remotePort;
  }
  return attributes;
}

/** Express' template of the route that matched, known once it has been called. */
export function expressRoute(request: Request): string | undefined {
  const { route, baseUrl } = request as { route?: { path?: unknown }; baseUrl?: unknown };
  if (typeof route?.path !== 'string') return undefined;
  return `${typeof baseUrl === 'string' ? baseUrl : ''}${route.path}`;
}

/**
 * The same once the response is finished. An error leaves the routers, and with them Express forgets where they were mounted: what
 * is left of the route is then shorter than the path, and would be taken for that of another router.
 */
export function expressRouteAtEnd(request: Request): string | undefined {
  const route = expressRoute(request);
  if (route === undefined || /[*?+(){}]/.test(route)) return route;
  return segments(route) === segments(urlOf(request).split('?', 1)[0]!) ? route : undefined;
}

function segments(path: string): number {
  return path.split('/').filter((segment) => segment !== '').length;
}

/** Express cuts the path of a mounted router off `url`. */
function urlOf(request: Request): string {
  return (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/';
}
