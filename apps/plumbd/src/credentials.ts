/** What a request shows to say who sends it, and whether a browser was tricked into sending it. */
import type { IncomingMessage } from 'node:http';

/** Cookies know hosts and no ports: two plumbds on one host have cookies of two names, by the port that was asked for. */
export function sessionCookieOf({ headers }: IncomingMessage): string {
  return `plumb_session_${/:(\d{1,5})$/.exec(headers.host ?? '')?.[1] ?? '80'}`;
}

export type Credentials = { readonly kind: 'token' | 'session'; readonly secret: string };

/** A bearer token (RFC 6750) wins over one in the header `tokenHeader`, and that over a session cookie. */
export function readCredentials(request: IncomingMessage, tokenHeader?: string): Credentials | undefined {
  const { headers } = request;
  const [, token] = /^Bearer +([^\s]+) *$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return { kind: 'token', secret: token };
  const named = tokenHeader === undefined ? undefined : headers[tokenHeader];
  if (typeof named === 'string' && named !== '') return { kind: 'token', secret: named };
  const name = sessionCookieOf(request);
  for (const part of (headers.cookie ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (part.slice(0, equals).trim() === name) return { kind: 'session', secret: part.slice(equals + 1).trim() };
  }
  return undefined;
}

/**
 * Whether a page of another origin made the browser send this. Browsers name the origin with every request that can
 * change something and with every WebSocket; programs that are not browsers name none.
 */
export function isCrossSite({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) return !URL.canParse(origin) || new URL(origin).host !== host;
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin' && site !== 'none';
}
