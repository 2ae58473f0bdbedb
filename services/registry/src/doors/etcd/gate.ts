/**
 * Who calls. A client shows a token of Plumb as `token` or `authorization`, with or without `Bearer` before it; one that
 * knows names and passwords only gives the token as the password, of any name, and is given it back to show.
 */
import type { Caller } from '@plumb/rpc';
import { knownError } from './etcd-error.ts';
import type { EtcdCore } from './etcd-core.ts';
import * as messages from './messages.ts';
import { type Methods, open } from './method.ts';

export type EtcdAuthentication =
  /** `ended` aborts when the token is worth nothing any more. */
  | { readonly kind: 'known'; readonly caller: Caller; readonly ended: AbortSignal }
  | { readonly kind: 'unknown' }
  /** Too many wrong ones from this address. */
  | { readonly kind: 'limited' };
export type EtcdAuthenticate = (token: string, address: string | undefined) => Promise<EtcdAuthentication>;

export type Entrance = Extract<EtcdAuthentication, { readonly kind: 'known' }>;
/** @throws EtcdError for nothing shown, for what is not a token, and for too many of those. */
export type Enter = (shown: string | undefined, address: string | undefined) => Promise<Entrance>;

export function createGate(authenticate: EtcdAuthenticate): Enter {
  return async (shown, address) => {
    const token = shown?.replace(/^Bearer +/i, '') ?? '';
    if (token === '') throw knownError('userEmpty');
    const authentication = await authenticate(token, address);
    switch (authentication.kind) {
      case 'known':
        return authentication;
      case 'unknown':
        throw knownError('invalidToken');
      case 'limited':
        throw knownError('tooManyRequests');
    }
  };
}

export function authMethods(core: EtcdCore, authenticate: EtcdAuthenticate): Methods {
  return {
    '/etcdserverpb.Auth/Authenticate': open(
      ['/v3/auth/authenticate'],
      messages.authenticateRequest,
      messages.authenticateResponse,
      async ({ name, password }, address) => {
        if (name === '') throw knownError('userEmpty');
        const { kind } = await authenticate(password, address);
        if (kind === 'limited') throw knownError('tooManyRequests');
        if (kind === 'unknown') throw knownError('wrongPassword');
        return { header: core.header(), token: password };
      },
    ),
  };
}
