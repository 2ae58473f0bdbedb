/** What other packages may know of identity: tokens, sign-in links, and who one is. */
import { isPublicKey, PUBLIC_KEY_RULE } from '@plumb/base';
import type { Client, Contract, Handlers } from '@plumb/rpc';
import * as v from 'valibot';

/** Callers are known by their names, such as who may not approve what they proposed: these are the operator and plumbd. */
const RESERVED_NAMES: readonly string[] = ['operator', 'plumb'];

const tokenName = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'a name of lower-case letters, digits and hyphens, like "ci-deploy"'),
);
const newTokenName = v.pipe(
  tokenName,
  v.check((name) => !RESERVED_NAMES.includes(name), 'a name of its own: "operator" and "plumb" are not for tokens'),
);
const scope = v.pipe(
  v.string(),
  v.regex(
    /^(\*|[a-z-]+|\*:[a-z-]+|[a-z-]+:(\*|[a-z-]+)(:[^\s\p{C}]{1,512})?)$/u,
    'a scope like "config:read", "config:*", "consul-kv:read:app/" or "*"',
  ),
);

const publicKey = v.pipe(v.string(), v.check(isPublicKey, PUBLIC_KEY_RULE));
const ttlMs = v.pipe(v.number(), v.minValue(1_000));

export const tokenSchema = v.object({
  name: v.string(),
  scopes: v.array(v.string()),
  /** The key that is its proof, where it is not a secret. */
  publicKey: v.optional(v.string()),
  createdAt: v.number(),
  expiresAt: v.optional(v.number()),
  lastUsedAt: v.optional(v.number()),
});

export const identityContract = {
  /** The token is shown once; only its hash is kept. @throws OperatingError `already-exists`. */
  createToken: {
    summary: 'Make a token for a program; it is shown once.',
    input: v.object({
      name: newTokenName,
      scopes: v.pipe(v.array(scope), v.minLength(1)),
      ttlMs: v.optional(ttlMs),
    }),
    output: v.object({
      token: v.string(),
      name: v.string(),
      scopes: v.array(v.string()),
      expiresAt: v.optional(v.number()),
    }),
    scope: 'identity:write',
  },
  /**
   * Like `createToken`, for a program that has a key pair: whoever proves to hold `publicKey` on the RPC door is `name`.
   * @throws OperatingError `already-exists` for a name or key that is known.
   */
  registerKey: {
    summary: 'Let a program in that holds a key pair.',
    input: v.object({
      name: newTokenName,
      scopes: v.pipe(v.array(scope), v.minLength(1)),
      publicKey,
      ttlMs: v.optional(ttlMs),
    }),
    output: v.object({ name: v.string(), scopes: v.array(v.string()), expiresAt: v.optional(v.number()) }),
    scope: 'identity:write',
  },
  tokens: {
    summary: 'List tokens and keys, what they may do, and when they were last used.',
    input: v.object({}),
    output: v.array(tokenSchema),
    scope: 'identity:read',
    idempotent: 'read',
  },
  /** @throws OperatingError `not-found`. */
  revokeToken: {
    summary: 'End a token or key at once.',
    input: v.object({ name: tokenName }),
    output: v.object({}),
    scope: 'identity:write',
  },
  /** A link that signs one browser in, once, within ten minutes. */
  createSignInLink: {
    summary: 'Make a link that signs one browser in, once.',
    input: v.object({}),
    output: v.object({ url: v.string(), expiresAt: v.number() }),
    scope: 'identity:write',
  },
  /**
   * Who holds a key that another program was shown, so that programs which serve RPC themselves know their callers:
   * instances and registered keys. No `caller` for one that nobody holds.
   */
  identify: {
    summary: 'Tell who holds a public key.',
    input: v.object({ publicKey }),
    output: v.object({
      caller: v.optional(
        v.object({ id: v.string(), scopes: v.array(v.string()), application: v.optional(v.string()) }),
      ),
    }),
    scope: 'identity:identify',
    idempotent: true,
  },
  whoami: {
    summary: 'Tell who calls, and what they may do.',
    input: v.object({}),
    output: v.object({ id: v.string(), scopes: v.array(v.string()) }),
    idempotent: true,
  },
} as const satisfies Contract;

export type Token = v.InferOutput<typeof tokenSchema>;
export type IdentityClient = Client<typeof identityContract>;
export type IdentityHandlers = Handlers<typeof identityContract>;
