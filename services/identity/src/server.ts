import { type Clock, type Log, OperatingError } from '@plumb/base';
import { type Kv, createCollection } from '@plumb/kv';
import { type Caller, holdsScope } from '@plumb/rpc';
import { Authenticator, type SessionRecord, type TokenRecord } from './authenticator.ts';
import type { IdentityHandlers } from './contract.ts';

export { type Authentication, Authenticator } from './authenticator.ts';

export type IdentityDependencies = {
  readonly kv: Kv;
  readonly clock: Clock;
  readonly log: Log;
  /** The secret of the data directory's key file. */
  readonly operatorKey: string;
  /** Where the console is, such as `http://localhost:7700`; asked when a link is made. */
  readonly consoleUrl: () => string;
};

export type Identity = { readonly authenticator: Authenticator; readonly handlers: IdentityHandlers };

export function createIdentity({ kv, clock, log, operatorKey, consoleUrl }: IdentityDependencies): Identity {
  const tokens = createCollection<TokenRecord>(kv, 'identity/token/');
  const sessions = createCollection<SessionRecord>(kv, 'identity/session/');
  const authenticator = new Authenticator({ operatorKey, tokens, sessions, clock, log });

  const handlers: IdentityHandlers = {
    async createToken({ name, scopes, ttlMs }, { caller }) {
      requireScopes(caller, scopes);
      const { token, record } = await authenticator.createToken(name, scopes, ttlMs);
      log.info('identity.create-token', { name, scopes, caller: caller.id });
      return { token, name, scopes, expiresAt: record.expiresAt };
    },
    async registerKey({ name, scopes, publicKey, ttlMs }, { caller }) {
      requireScopes(caller, scopes);
      const { expiresAt } = await authenticator.registerKey(name, scopes, { publicKey, ttlMs });
      log.info('identity.register-key', { name, scopes, publicKey, caller: caller.id });
      return { name, scopes, expiresAt };
    },
    async tokens() {
      return (await tokens.list()).map(({ value: { name, scopes, publicKey, createdAt, expiresAt } }) => ({
        name,
        scopes: [...scopes],
        publicKey,
        createdAt,
        expiresAt,
        lastUsedAt: authenticator.lastUsedAt(name),
      }));
    },
    async revokeToken({ name }, { caller }) {
      if ((await tokens.get(name)) === undefined) {
        throw new OperatingError('not-found', `there is no token named "${name}": list them with "plumb token list"`);
      }
      await authenticator.revokeToken(name);
      log.info('identity.revoke-token', { name, caller: caller.id });
      return {};
    },
    createSignInLink(_input, { caller }) {
      requireScopes(caller, ['*']); // Whoever follows the link is the operator.
      const { code, expiresAt } = authenticator.createSignInCode();
      return { url: `${consoleUrl()}/sign-in?code=${code}`, expiresAt };
    },
    async identify({ publicKey }) {
      const outcome = await authenticator.authenticateKey(publicKey);
      if (outcome.kind !== 'known') return {};
      const { id, scopes, application } = outcome.caller;
      return { caller: { id, scopes: [...scopes], application } };
    },
    whoami: (_input, { caller }) => ({ id: caller.id, scopes: [...caller.scopes] }),
  };
  return { authenticator, handlers };
}

/** Nobody hands out more than they hold. */
function requireScopes(caller: Caller, scopes: readonly string[]): void {
  const missing = scopes.filter((scope) => !holdsScope(caller.scopes, scope));
  if (missing.length === 0) return;
  throw new OperatingError(
    'denied',
    `${caller.id} does not hold ${missing.join(', ')} and cannot hand it out: ask an operator`,
  );
}
