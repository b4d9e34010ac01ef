// Adapts a web Request and its response to the form of Node's.
import type { IncomingHttpHeaders } from 'node:http';
import { URL } from 'node:url';
import type { Request as NodeRequest } from './request.ts';

/** @internal */
export function webRequest(request: Request): NodeRequest {
  const url = new URL(request.url);
  const headers: IncomingHttpHeaders = Object.fromEntries(request.headers);
  headers.host ??= url.host;
  const socket = url.protocol === 'https:' ? ({ encrypted: true } as unknown as NodeRequest['socket']) : undefined;
  const read = { headers, method: request.method, url: url.pathname + url.search };
  return socket === undefined ? read : Object.assign(read, { socket });
}

/** Signals that a response was created, because it is unknown when it has been sent. @internal */
export class WebResponse {
  statusCode = 0;
  readonly #listeners: (() => void)[] = [];

  once(event: string, listener: () => void): this {
    if (event === 'finish') this.#listeners.push(listener);
    return this;
  }

  finish(status: number): void {
    this.statusCode = status;
    for (const listener of this.#listeners) listener();
  }
}
