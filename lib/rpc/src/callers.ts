/** Who may call a service that is served: names by key or token, or a function that knows them. */
import { isPublicKey, OperatingError, PUBLIC_KEY_RULE } from '@plumb/base';
import type { Caller, CallObserver } from './contract.ts';

/** What a public key or a token stands for. A name alone may call everything of the service; a `Caller` has exact scopes. */
export type KnownCallers = Readonly<Record<string, string | Caller>>;

/** Asked at each connection; it may take its time. Where it has an `observe`, that hears of each call of those it let in. */
export type CallerLookup = {
  (publicKey: string, address: string): Promise<Caller | undefined>;
  readonly observe?: CallObserver | undefined;
};

/** By public key, 40 characters of Z85. */
export type Callers = KnownCallers | CallerLookup;

/** By token. What is looked up is the whole token; guessing is slowed down by the door. */
export type Tokens = KnownCallers | ((token: string) => Promise<Caller | undefined>);

export type Identify = (publicKey: string, address: string) => Promise<Caller | undefined>;

/** A record is read at each connection: who is added to it gets in, who is removed from it does not get in again. */
export function identifyBy(callers: Callers | undefined): Identify {
  if (typeof callers === 'function') return callers;
  for (const publicKey of Object.keys(callers ?? {})) checkPublicKey(publicKey);
  return async (publicKey) => lookUp(callers, publicKey);
}

/** Who hears of the calls of these callers, where somebody does. */
export function observerOf(callers: Callers | undefined): CallObserver | undefined {
  return typeof callers === 'function' ? callers.observe : undefined;
}

export async function findCaller(tokens: Tokens | undefined, token: string): Promise<Caller | undefined> {
  if (token === '') return undefined;
  return typeof tokens === 'function' ? tokens(token) : lookUp(tokens, token);
}

function lookUp(known: KnownCallers | undefined, key: string): Caller | undefined {
  if (known === undefined || !Object.hasOwn(known, key)) return undefined;
  const caller = known[key];
  return typeof caller === 'string' ? { id: caller, scopes: ['*'] } : caller;
}

function checkPublicKey(text: string): void {
  // It is not shown: it may be the secret one.
  if (!isPublicKey(text)) {
    throw new OperatingError('invalid', `a name in "callers" has ${text.length} characters: ${PUBLIC_KEY_RULE}`);
  }
}
