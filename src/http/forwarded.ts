// Reads client address, scheme and host from the headers of proxies: `Forwarded` (RFC 7239), else `X-Forwarded-*`.
import type { IncomingHttpHeaders } from 'node:http';

/** The request as the outermost trusted proxy received it. */
export interface ForwardedRequest {
  /** The client's address. */
  address?: string | undefined;
  scheme?: string | undefined;
  /** Includes the port, if there is one. */
  host?: string | undefined;
}

const lengthLimit = 2048;

/**
 * @param proxies - the number of proxies in front of this server that append to the headers: the entry of the outermost one is
 *   used. `true` uses the first entry, even if the client wrote it.
 */
export function readForwarded(headers: IncomingHttpHeaders, proxies: true | number): ForwardedRequest {
  const entry = (name: string): string | undefined => entryOf(textOf(headers[name]), proxies);
  const forwarded = entry('forwarded');
  if (forwarded !== undefined) {
    const fields = new Map<string, string>();
    for (const pair of forwarded.split(';')) {
      const [name = '', value = ''] = pair.split('=', 2);
      fields.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
    }
    return { address: addressOf(fields.get('for')), scheme: schemeOf(fields.get('proto')), host: fields.get('host') };
  }
  const host = entry('x-forwarded-host');
  const port = entry('x-forwarded-port');
  const withPort = host !== undefined && port !== undefined && !/:\d+$/.test(host) ? `${host}:${port}` : host;
  return {
    address: addressOf(entry('x-forwarded-for')),
    scheme: schemeOf(entry('x-forwarded-proto')),
    host: withPort,
  };
}

function textOf(value: string | string[] | undefined): string {
  return (Array.isArray(value) ? value.join(',') : (value ?? '')).slice(0, lengthLimit);
}

function entryOf(list: string, proxies: true | number): string | undefined {
  const entries = list.split(',').map((part) => part.trim());
  const entry = proxies === true ? entries[0] : entries[Math.max(0, entries.length - proxies)];
  return entry === '' ? undefined : entry;
}

/** The address without its port. `unknown` and obfuscated identifiers (`_a1`) are ignored. */
function addressOf(node: string | undefined): string | undefined {
  if (node === undefined || node === '' || node === 'unknown' || node.startsWith('_')) return undefined;
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(node);
  if (bracketed !== null) return bracketed[1];
  return /^[^:]+:\d+$/.test(node) ? node.slice(0, node.indexOf(':')) : node;
}

function schemeOf(scheme: string | undefined): string | undefined {
  return scheme !== undefined && /^https?$/i.test(scheme) ? scheme.toLowerCase() : undefined;
}
