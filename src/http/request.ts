// Builds the attributes of a server span from its request.
import type { IncomingMessage } from 'node:http';
import type { Attributes } from '@opentelemetry/api';
import { redactQuery } from '../common/redact.ts';
import { type ForwardedRequest, readForwarded } from './forwarded.ts';

/** The part of a request that is read; requests of Node and Express both match. */
export type Request = Pick<IncomingMessage, 'headers' | 'method' | 'url'> &
  Partial<Pick<IncomingMessage, 'httpVersion' | 'socket'>>;

/** @param proxies - the proxies whose headers are trusted; false for none. */
export function requestAttributes(request: Request, proxies: boolean | number): Attributes {
  const { headers, socket } = request;
  const forwarded: ForwardedRequest = proxies === false ? {} : readForwarded(headers, proxies);
  const attributes: Attributes = {};
  const url = urlOf(request);
  const question = url.indexOf('?');
  attributes['url.path'] = question < 0 ? url : url.slice(0, question);
  if (question >= 0) attributes['url.query'] = redactQuery(url.slice(question + 1));
  const scheme = forwarded.scheme ?? (socket !== undefined && 'encrypted' in socket ? 'https' : 'http');
  attributes['url.scheme'] = scheme;
  addServer(attributes, forwarded.host ?? headers.host ?? headers[':authority'], scheme);
  const userAgent = headers['user-agent'];
  if (typeof userAgent === 'string') attributes['user_agent.original'] = userAgent;
  if (request.httpVersion !== undefined) {
    attributes['network.protocol.version'] = request.httpVersion === '2.0' ? '2' : request.httpVersion;
  }
  const peer = socket?.remoteAddress;
  const client = forwarded.address ?? peer;
  if (client !== undefined) attributes['client.address'] = client;
  if (peer !== undefined) {
    attributes['network.peer.address'] = peer;
    if (socket?.remotePort !== undefined) attributes['network.peer.port'] = socket.remotePort;
  }
  return attributes;
}

function addServer(attributes: Attributes, host: unknown, scheme: string): void {
  const [, address, port] = typeof host !== 'string' ? [] : (/^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(host) ?? []);
  if (address === undefined) return;
  attributes['server.address'] = address.replace(/^\[|\]$/g, '');
  attributes['server.port'] = port === undefined ? { http: 80, https: 443 }[scheme] : Number(port);
}

/** Express removes the path of a mounted router from `url`. */
export function urlOf(request: Request): string {
  return (request as { originalUrl?: string }).originalUrl ?? request.url ?? '/';
}
