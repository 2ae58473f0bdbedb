import { silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { createFakeClock, type FakeClock } from '@plumb/testing';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { SESSION_TTL_MS, SIGN_IN_LINK_TTL_MS } from './authenticator.ts';
import { identityContract } from './contract.ts';
import { createIdentity, type Identity } from './server.ts';

const OPERATOR = { caller: { id: 'operator', scopes: ['*'] }, signal: new AbortController().signal };
const KEY = 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID';
const OTHER_KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';
const OPERATOR_KEY = 'k'.repeat(32);

type World = AsyncDisposable & {
  readonly identity: Identity;
  /** Another one on the same store. */
  readonly restart: () => Identity;
  readonly clock: FakeClock;
};

async function openWorld(): Promise<World> {
  const clock = createFakeClock();
  const kv = await openMemoryKv({ clock });
  const restart = (): Identity =>
    createIdentity({
      kv,
      clock,
      log: silentLog,
      operatorKey: OPERATOR_KEY,
      consoleUrl: () => 'http://localhost:7700',
    });
  return { identity: restart(), restart, clock, [Symbol.asyncDispose]: () => kv[Symbol.asyncDispose]() };
}

test('the operator key is the operator, and one character less is nobody', async () => {
  await using world = await openWorld();
  const { authenticator } = world.identity;
  expect(await authenticator.authenticateToken(OPERATOR_KEY, '127.0.0.1')).toMatchObject({
    kind: 'known',
    caller: { id: 'operator' },
  });
  expect(await authenticator.authenticateToken(OPERATOR_KEY.slice(1), '127.0.0.1')).toEqual({ kind: 'unknown' });
  expect(await authenticator.authenticateToken('', '127.0.0.1')).toEqual({ kind: 'unknown' });
});

test('a token is shown once, carries its scopes, ends at its time, and is kept by hash only', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const { token } = await handlers.createToken({ name: 'ci', scopes: ['deploy:write'], ttlMs: 60_000 }, OPERATOR);
  expect(JSON.stringify(await handlers.tokens({}, OPERATOR))).not.toContain(token.split('.')[1]);
  expect(await authenticator.authenticateToken(token, 'a')).toMatchObject({
    caller: { id: 'ci', scopes: ['deploy:write'] },
  });
  expect(await authenticator.authenticateToken(`other.${token.split('.')[1]}`, 'a')).toEqual({ kind: 'unknown' });
  await world.clock.advance(60_000);
  expect(await authenticator.authenticateToken(token, 'a')).toEqual({ kind: 'unknown' });
});

test('a revoked token is nobody at once, and its name is free again', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const { token } = await handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR);
  await expect(handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR)).rejects.toMatchObject({
    code: 'already-exists',
  });
  await authenticator.authenticateToken(token, 'a');
  await handlers.revokeToken({ name: 'ci' }, OPERATOR);
  expect(await authenticator.authenticateToken(token, 'a')).toEqual({ kind: 'unknown' });
  await handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR);
});

test('no token has the name of the operator or of Plumb itself', () => {
  const scopes = ['config:read'];
  const publicKey = KEY;
  for (const name of ['operator', 'plumb']) {
    expect(v.is(identityContract.createToken.input, { name, scopes })).toBe(false);
    expect(v.is(identityContract.registerKey.input, { name, scopes, publicKey })).toBe(false);
    // One that an older store has can be ended.
    expect(v.is(identityContract.revokeToken.input, { name })).toBe(true);
  }
  expect(v.is(identityContract.registerKey.input, { name: 'ada', scopes, publicKey })).toBe(true);
});

test('nobody hands out more than they hold', async () => {
  await using world = await openWorld();
  const { handlers } = world.identity;
  const helper = { caller: { id: 'helper', scopes: ['identity:write', 'config:*'] }, signal: OPERATOR.signal };
  await handlers.createToken({ name: 'reader', scopes: ['config:read'] }, helper);
  await handlers.createToken({ name: 'part', scopes: ['config:read:tipjar/'] }, helper);
  await expect(handlers.createToken({ name: 'root', scopes: ['*'] }, helper)).rejects.toMatchObject({ code: 'denied' });
  const part = { caller: { id: 'part', scopes: ['identity:write', 'config:read:tipjar/'] }, signal: OPERATOR.signal };
  await handlers.createToken({ name: 'narrower', scopes: ['config:read:tipjar/web'] }, part);
  await expect(handlers.createToken({ name: 'wider', scopes: ['config:read'] }, part)).rejects.toMatchObject({
    code: 'denied',
  });
  expect(() => handlers.createSignInLink({}, helper)).toThrow('does not hold *');
});

test('a sign-in link works once, and not after its time', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const codeOf = async (): Promise<string> =>
    new URL((await handlers.createSignInLink({}, OPERATOR)).url).searchParams.get('code') ?? '';

  const code = await codeOf();
  const first = await authenticator.signIn(code, 'a');
  expect(first.kind).toBe('known');
  expect(await authenticator.authenticateSession(first.cookie ?? '', 'a')).toMatchObject({
    caller: { id: 'operator' },
  });
  expect((await authenticator.signIn(code, 'a')).kind).toBe('unknown');

  const late = await codeOf();
  await world.clock.advance(SIGN_IN_LINK_TTL_MS);
  expect((await authenticator.signIn(late, 'a')).kind).toBe('unknown');
});

test('a session ends at its time and by signing out', async () => {
  await using world = await openWorld();
  const { authenticator } = world.identity;
  const open = async (): Promise<string> =>
    (await authenticator.signIn(authenticator.createSignInCode().code, 'a')).cookie ?? '';
  const left = await open();
  await authenticator.signOut(left);
  expect((await authenticator.authenticateSession(left, 'a')).kind).toBe('unknown');
  const kept = await open();
  await world.clock.advance(SESSION_TTL_MS);
  expect((await authenticator.authenticateSession(kept, 'a')).kind).toBe('unknown');
});

test('an instance is known by its key, belongs to its application, and is nobody when it has ended', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const caller = { id: 'tipjar-web-1', scopes: ['config:read'], application: 'tipjar' };
  const { revoke } = authenticator.openInstanceKey(KEY, caller);
  expect(await authenticator.authenticateKey(KEY)).toMatchObject({ kind: 'known', caller });
  expect(await handlers.identify({ publicKey: KEY }, OPERATOR)).toEqual({ caller });
  expect(await handlers.identify({ publicKey: OTHER_KEY }, OPERATOR)).toEqual({});
  revoke();
  expect((await authenticator.authenticateKey(KEY)).kind).toBe('unknown');
  expect(await handlers.identify({ publicKey: KEY }, OPERATOR)).toEqual({});
});

test('a registered key is a token: it has a name and scopes, is listed, ends at its time and by being revoked', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  await handlers.registerKey({ name: 'indexer', scopes: ['config:read'], publicKey: KEY, ttlMs: 60_000 }, OPERATOR);
  const known = { kind: 'known', caller: { id: 'indexer', scopes: ['config:read'] } };
  expect(await authenticator.authenticateKey(KEY)).toMatchObject(known);
  expect(await handlers.tokens({}, OPERATOR)).toMatchObject([
    { name: 'indexer', publicKey: KEY, lastUsedAt: world.clock.now() },
  ]);
  // Its name alone, with nothing or anything behind it, is no secret.
  for (const token of ['indexer', 'indexer.', 'indexer.undefined', `indexer.${KEY}`])
    expect((await authenticator.authenticateToken(token, undefined)).kind).toBe('unknown');

  const again = { name: 'other', scopes: ['config:read'], publicKey: KEY };
  const message = 'the token "indexer" has this key: make another with "plumb token keys"';
  await expect(handlers.registerKey(again, OPERATOR)).rejects.toMatchObject({ code: 'already-exists', message });
  const named = { name: 'indexer', scopes: ['config:read'], publicKey: OTHER_KEY };
  await expect(handlers.registerKey(named, OPERATOR)).rejects.toMatchObject({ code: 'already-exists' });
  const helper = { caller: { id: 'helper', scopes: ['identity:write'] }, signal: OPERATOR.signal };
  await expect(handlers.registerKey({ ...named, name: 'x' }, helper)).rejects.toMatchObject({ code: 'denied' });

  // Whoever reads the store anew, as after a restart, knows it too.
  const { authenticator: restarted } = world.restart();
  expect(await restarted.authenticateKey(KEY)).toMatchObject(known);
  await world.clock.advance(60_000);
  expect((await restarted.authenticateKey(KEY)).kind).toBe('unknown');
  await handlers.revokeToken({ name: 'indexer' }, OPERATOR);
  await handlers.registerKey(again, OPERATOR);
  expect(await authenticator.authenticateKey(KEY)).toMatchObject({ caller: { id: 'other' } });
});

test('a key is never the token of another proof that has its name, not even while it is refused', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const twice = [1, 2].map(async () => handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR));
  const outcomes = await Promise.allSettled(twice);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = authenticator.registerKey('ci', ['config:read'], { publicKey: KEY, ttlMs: undefined });
  const meanwhile = authenticator.authenticateKey(KEY);
  await expect(refused).rejects.toMatchObject({ code: 'already-exists' });
  expect((await meanwhile).kind).toBe('unknown');
  // And the key is free again.
  await handlers.registerKey({ name: 'indexer', scopes: ['config:read'], publicKey: KEY }, OPERATOR);
});

test('an address that is wrong too often waits, while others and known secrets stay welcome', async () => {
  await using world = await openWorld();
  const { authenticator } = world.identity;
  await authenticator.authenticateToken(OPERATOR_KEY, 'guesser');
  const { token } = await world.identity.handlers.createToken({ name: 'fresh', scopes: ['*'] }, OPERATOR);
  for (let i = 0; i < 10; i += 1)
    expect((await authenticator.authenticateToken(`wrong${i}`, 'guesser')).kind).toBe('unknown');

  expect(await authenticator.authenticateToken('wrong', 'guesser')).toMatchObject({ kind: 'limited' });
  // A right secret that was never seen before could be a guess that hit: it is not looked at either.
  expect((await authenticator.authenticateToken(token, 'guesser')).kind).toBe('limited');
  expect((await authenticator.authenticateToken(OPERATOR_KEY, 'guesser')).kind).toBe('known');
  expect((await authenticator.authenticateToken(token, 'somebody else')).kind).toBe('known');

  await world.clock.advance(6_000);
  expect((await authenticator.authenticateToken('wrong', 'guesser')).kind).toBe('unknown');
  expect((await authenticator.authenticateToken('wrong', 'guesser')).kind).toBe('limited');
});

test('what a secret opened ends with it: revoked, signed out, or at its time', async () => {
  await using world = await openWorld();
  const { authenticator, handlers } = world.identity;
  const endOf = async (token: string): Promise<AbortSignal> => {
    const outcome = await authenticator.authenticateToken(token, 'a');
    if (outcome.kind !== 'known') throw new Error(outcome.kind);
    return outcome.ended;
  };
  const endOfKey = async (publicKey: string): Promise<AbortSignal> => {
    const outcome = await authenticator.authenticateKey(publicKey);
    if (outcome.kind !== 'known') throw new Error(outcome.kind);
    return outcome.ended;
  };
  const operator = await endOf(OPERATOR_KEY);
  const ci = await handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR);
  const revoked = await endOf(ci.token);
  const short = await endOf(
    (await handlers.createToken({ name: 'short', scopes: ['*'], ttlMs: 60_000 }, OPERATOR)).token,
  );
  const instance = authenticator.openInstanceKey(KEY, { id: 'tipjar-web-1', scopes: [], application: 'tipjar' });
  const stopped = await endOfKey(KEY);
  await handlers.registerKey({ name: 'indexer', scopes: ['*'], publicKey: OTHER_KEY }, OPERATOR);
  const registered = await endOfKey(OTHER_KEY);
  const session = await authenticator.signIn(authenticator.createSignInCode().code, 'a');
  if (session.kind !== 'known') throw new Error(session.kind);
  const ends = (): boolean[] =>
    [operator, revoked, short, stopped, registered, session.ended].map(({ aborted }) => aborted);

  expect(ends()).toEqual([false, false, false, false, false, false]);
  await handlers.revokeToken({ name: 'ci' }, OPERATOR);
  await handlers.revokeToken({ name: 'indexer' }, OPERATOR);
  instance.revoke();
  await authenticator.signOut(session.cookie ?? '');
  expect(ends()).toEqual([false, true, false, true, true, true]);
  await world.clock.advance(60_000);
  expect(ends()).toEqual([false, true, true, true, true, true]);

  // A token of the same name is another one.
  const again = await handlers.createToken({ name: 'ci', scopes: ['*'] }, OPERATOR);
  expect((await endOf(again.token)).aborted).toBe(false);
});

test('an old secret that is shown again and again counts once, and shuts nobody out', async () => {
  await using world = await openWorld();
  const { authenticator } = world.identity;
  for (let i = 0; i < 50; i += 1)
    expect((await authenticator.authenticateSession('old.session', 'a')).kind).toBe('unknown');
  const { kind, cookie = '' } = await authenticator.signIn(authenticator.createSignInCode().code, 'a');
  expect(kind).toBe('known');
  // Somebody else on this host guesses meanwhile: the new session is welcome all the same.
  for (let i = 0; i < 10; i += 1) await authenticator.authenticateToken(`wrong${i}`, 'a');
  expect((await authenticator.authenticateSession(cookie, 'a')).kind).toBe('known');
});
