// Decides which requests the servers accept.
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';

/** Who may send requests. Listening on loopback alone is no protection, because any web page can reach a loopback port. */
export interface Access {
  /** The listening address. */
  host: string;
  /** Required from all clients if other machines can reach the server. */
  token: string | undefined;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Why a request is rejected, or undefined. The `Host` must be a loopback name; with a token also an IP address or the configured `host`.
 * Other names are rejected, because any DNS server may resolve them to this machine (DNS rebinding). An `Origin` must be the server's
 * own, or for the receiver one of this machine.
 */
export function refusal(access: Access, headers: IncomingHttpHeaders, allowed: 'own' | 'loopback'): string | undefined {
  const authority = headers.host ?? '';
  const host = hostOf(authority);
  const known = isLoopback(host) || (access.token !== undefined && (isIP(host) !== 0 || host === access.host));
  if (!known) return 'the Host header does not name this machine';
  const { origin } = headers;
  if (origin !== undefined && origin !== '') {
    const from = originHost(origin);
    if (from === undefined) return 'requests of other origins are rejected';
    const own = from.authority === authority;
    if (!own && !(allowed === 'loopback' && isLoopback(from.host))) return 'requests of other origins are rejected';
  }
  const site = headers['sec-fetch-site'];
  if (allowed === 'own' && (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate')
    return 'requests of other sites are rejected';
  return undefined;
}

/** Whether a request contains the token: as a bearer token, as the cookie set by the page, or in the URL, as at the first visit. */
export function hasToken(access: Access, headers: IncomingHttpHeaders, url: URL): boolean {
  if (access.token === undefined) return true;
  const given = [
    /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1],
    /(?:^|;\s*)mqtrace-token=([^;]+)/.exec(headers.cookie ?? '')?.[1],
    url.searchParams.get('token') ?? undefined,
  ];
  return given.some((token) => token !== undefined && equal(token, access.token!));
}

function equal(given: string, token: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(token);
  return a.length === b.length && timingSafeEqual(a, b);
}

function hostOf(authority: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(authority);
  if (bracketed !== null) return bracketed[1]!;
  return authority.replace(/:\d+$/, '').toLowerCase();
}

function originHost(origin: string): { host: string; authority: string } | undefined {
  try {
    const { hostname, host } = new URL(origin);
    return hostname === '' ? undefined : { host: hostname.replace(/^\[|\]$/g, ''), authority: host };
  } catch {
    return undefined;
  }
}
