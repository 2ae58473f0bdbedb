/**
 * Turns what a stranger shows (a bearer token or a session cookie), or has proved to hold (a key of CURVE), into a
 * `Caller`, or into nothing.
 *
 * Three kinds of secret are known: the operator's key of the data directory, which is given, named tokens and browser
 * sessions, which are kept by hash. A secret is `ID.SECRET`, so that it is found by id and then compared in constant
 * time. Keys are those of tokens that were made for one, and of running instances (`public-keys.ts`).
 */
import { type Clock, type Log, OperatingError, randomText } from '@plumb/base';
import type { Collection } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { CredentialLives } from './credential-lives.ts';
import { FailureLimit } from './failure-limit.ts';
import { type KeyHolder, PublicKeys } from './public-keys.ts';
import { hashSecret, matchesHash } from './secret-hash.ts';

/** Base-32 characters of a secret: 160 bits. */
const SECRET_LENGTH = 32;
const ID_LENGTH = 10;
/** A console that is looked at once a fortnight stays signed in. */
export const SESSION_TTL_MS = 14 * 86_400_000;
/** Long enough to walk to another machine, short enough to be worthless in a shell history. */
export const SIGN_IN_LINK_TTL_MS = 600_000;
/** Links that can be open at a time; beyond it the oldest ends. */
const SIGN_IN_LINKS_MAX = 100;
/** Secrets seen to be right lately: they stay welcome while their address is being slowed down for wrong ones. */
const KNOWN_GOOD_MAX = 1_000;
/** Secrets seen to be wrong lately: to show one again is a program with an old secret, not a guess. */
const KNOWN_BAD_MAX = 1_000;

export type TokenRecord = {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Of the secret; absent where it is a key. */
  readonly hash?: string | undefined;
  /** Of CURVE, as Z85; absent where it is a secret. */
  readonly publicKey?: string | undefined;
  readonly createdAt: number;
  readonly expiresAt?: number | undefined;
};
export type SessionRecord = { readonly hash: string; readonly createdAt: number; readonly expiresAt: number };

export type Authentication =
  /** `ended` aborts when the secret is worth nothing any more: a connection that it opened ends with it. */
  | { readonly kind: 'known'; readonly caller: Caller; readonly ended: AbortSignal }
  | { readonly kind: 'unknown' }
  /** Too many wrong secrets from this address: it was not even looked at. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number };

export type AuthenticatorDependencies = {
  readonly operatorKey: string;
  readonly tokens: Collection<TokenRecord>;
  readonly sessions: Collection<SessionRecord>;
  readonly clock: Clock;
  readonly log: Log;
};

export class Authenticator {
  readonly #operatorHash: string;
  readonly #tokens: Collection<TokenRecord>;
  readonly #sessions: Collection<SessionRecord>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limit: FailureLimit;
  readonly #keys: PublicKeys;
  readonly #links = new Map<string, { hash: string; expiresAt: number }>();
  readonly #knownGood = new Set<string>();
  readonly #knownBad = new Set<string>();
  readonly #lives: CredentialLives;
  readonly #lastUsedAt = new Map<string, number>();

  constructor({ operatorKey, tokens, sessions, clock, log }: AuthenticatorDependencies) {
    this.#operatorHash = hashSecret(operatorKey);
    this.#tokens = tokens;
    this.#keys = new PublicKeys(tokens);
    this.#sessions = sessions;
    this.#clock = clock;
    this.#log = log;
    this.#limit = new FailureLimit(clock);
    this.#lives = new CredentialLives(clock);
  }

  /** `address` is the peer's, for the limit on wrong secrets; undefined where the door has a limit of its own. */
  async authenticateToken(token: string, address: string | undefined): Promise<Authentication> {
    return this.#authenticate(token, address, () => this.#findToken(token));
  }

  async authenticateSession(cookie: string, address: string | undefined): Promise<Authentication> {
    return this.#authenticate(cookie, address, () => this.#findSession(cookie));
  }

  /** `publicKey` is proven, such as by a handshake of CURVE. */
  async authenticateKey(publicKey: string): Promise<Authentication> {
    const found = await this.#keys.find(publicKey);
    const now = this.#clock.now();
    if (found === undefined || (found.expiresAt !== undefined && found.expiresAt <= now)) return { kind: 'unknown' };
    this.#lastUsedAt.set(found.caller.id, now);
    return this.#known(found);
  }

  /** @throws OperatingError `already-exists` for a name that is taken. */
  async createToken(
    name: string,
    scopes: readonly string[],
    ttlMs: number | undefined,
  ): Promise<{ token: string; record: TokenRecord }> {
    const secret = randomText(SECRET_LENGTH);
    const record = await this.#putToken({ name, scopes, hash: hashSecret(secret) }, ttlMs);
    return { token: `${name}.${secret}`, record };
  }

  /** A token whose proof is a key instead of a secret. @throws OperatingError `already-exists` for a name or key that is taken. */
  async registerKey(
    name: string,
    scopes: readonly string[],
    { publicKey, ttlMs }: { readonly publicKey: string; readonly ttlMs: number | undefined },
  ): Promise<TokenRecord> {
    await this.#keys.claim(publicKey, name);
    try {
      return await this.#putToken({ name, scopes, publicKey }, ttlMs);
    } catch (error) {
      await this.#keys.release(publicKey);
      throw error;
    }
  }

  async revokeToken(name: string): Promise<void> {
    this.#knownGood.clear();
    const publicKey = (await this.#tokens.get(name))?.value.publicKey;
    await this.#tokens.delete(name);
    if (publicKey !== undefined) await this.#keys.release(publicKey);
    this.#lives.end(`token ${name}`);
  }

  lastUsedAt(name: string): number | undefined {
    return this.#lastUsedAt.get(name);
  }

  /** One running copy of a program is known by this key until `revoke`, or the end of this process. */
  openInstanceKey(publicKey: string, caller: Caller): { readonly revoke: () => void } {
    const id = `instance ${caller.id}`;
    this.#keys.addInstance(publicKey, { id, caller });
    return {
      revoke: () => {
        this.#keys.removeInstance(publicKey);
        this.#lives.end(id);
      },
    };
  }

  /** A code that `signIn` takes once. */
  createSignInCode(): { readonly code: string; readonly expiresAt: number } {
    const id = randomText(ID_LENGTH);
    const secret = randomText(SECRET_LENGTH);
    const expiresAt = this.#clock.now() + SIGN_IN_LINK_TTL_MS;
    this.#links.set(id, { hash: hashSecret(secret), expiresAt });
    const oldest = this.#links.keys().next().value;
    if (this.#links.size > SIGN_IN_LINKS_MAX && oldest !== undefined) this.#links.delete(oldest);
    return { code: `${id}.${secret}`, expiresAt };
  }

  /** Exchanges a code for a session, once. */
  async signIn(code: string, address: string): Promise<Authentication & { readonly cookie?: string }> {
    const retryAfterMs = this.#limit.waitMs(address);
    if (retryAfterMs > 0) return { kind: 'limited', retryAfterMs };
    const [id, secret] = split(code);
    const link = this.#links.get(id);
    if (link === undefined || link.expiresAt <= this.#clock.now() || !matchesHash(secret, link.hash)) {
      return this.#refuse(address);
    }
    this.#links.delete(id);
    const cookie = await this.#openSession();
    this.#log.info('identity.sign-in', { address });
    const outcome = await this.authenticateSession(cookie, undefined);
    return { ...outcome, cookie };
  }

  async signOut(cookie: string): Promise<void> {
    const found = await this.#findSession(cookie);
    if (found === undefined) return;
    this.#knownGood.delete(hashSecret(cookie));
    await this.#sessions.delete(split(cookie)[0]);
    this.#lives.end(found.id);
  }

  async #openSession(): Promise<string> {
    const now = this.#clock.now();
    for (const { id, value } of await this.#sessions.list())
      if (value.expiresAt <= now) await this.#sessions.delete(id);
    const id = randomText(ID_LENGTH);
    const secret = randomText(SECRET_LENGTH);
    await this.#sessions.put(id, { hash: hashSecret(secret), createdAt: now, expiresAt: now + SESSION_TTL_MS });
    return `${id}.${secret}`;
  }

  async #authenticate(
    secret: string,
    address: string | undefined,
    find: () => Promise<KeyHolder | undefined>,
  ): Promise<Authentication> {
    const fingerprint = hashSecret(secret);
    const isLimited = address !== undefined && !this.#knownGood.has(fingerprint);
    const retryAfterMs = isLimited ? this.#limit.waitMs(address) : 0;
    if (retryAfterMs > 0) return { kind: 'limited', retryAfterMs };
    const found = await find();
    if (found === undefined) {
      this.#knownGood.delete(fingerprint);
      // A tab that stayed open with an old session asks every few seconds: that must not shut out its own host.
      if (this.#knownBad.has(fingerprint)) return { kind: 'unknown' };
      remember(this.#knownBad, fingerprint, KNOWN_BAD_MAX);
      return this.#refuse(address);
    }
    remember(this.#knownGood, fingerprint, KNOWN_GOOD_MAX);
    return this.#known(found);
  }

  #known({ id, caller, expiresAt }: KeyHolder): Authentication {
    return { kind: 'known', caller, ended: this.#lives.signalOf(id, expiresAt) };
  }

  async #putToken(
    record: Omit<TokenRecord, 'createdAt' | 'expiresAt'>,
    ttlMs: number | undefined,
  ): Promise<TokenRecord> {
    const createdAt = this.#clock.now();
    const whole = { ...record, createdAt, expiresAt: ttlMs === undefined ? undefined : createdAt + ttlMs };
    const { kind } = await this.#tokens.put(record.name, whole, { ifRevision: 0 });
    if (kind === 'committed') return whole;
    const advice = 'revoke it first, or choose another name';
    throw new OperatingError('already-exists', `a token named "${record.name}" exists: ${advice}`);
  }

  #refuse(address: string | undefined): Authentication {
    if (address !== undefined) this.#limit.recordFailure(address);
    this.#log.warn('identity.refused', { address });
    return { kind: 'unknown' };
  }

  async #findToken(token: string): Promise<KeyHolder | undefined> {
    if (matchesHash(token, this.#operatorHash)) return { id: 'operator', caller: operator };
    const [id, secret] = split(token);
    const record = (await this.#tokens.get(id))?.value;
    if (record?.hash === undefined || !matchesHash(secret, record.hash)) return undefined;
    const { name, scopes, expiresAt } = record;
    const now = this.#clock.now();
    if (expiresAt !== undefined && expiresAt <= now) return undefined;
    this.#lastUsedAt.set(id, now);
    return { id: `token ${name}`, caller: { id: name, scopes }, expiresAt };
  }

  async #findSession(cookie: string): Promise<KeyHolder | undefined> {
    const [id, secret] = split(cookie);
    if (id === '') return undefined;
    const record = await this.#sessions.get(id);
    if (record === undefined || !matchesHash(secret, record.value.hash)) return undefined;
    const { expiresAt } = record.value;
    return expiresAt > this.#clock.now() ? { id: `session ${id}`, caller: operator, expiresAt } : undefined;
  }
}

const operator: Caller = { id: 'operator', scopes: ['*'] };

/** Adds `item`, and forgets the one that was added first beyond `countMax`. */
function remember(items: Set<string>, item: string, countMax: number): void {
  items.add(item);
  const [oldest] = items;
  if (items.size > countMax && oldest !== undefined) items.delete(oldest);
}

/** `ID.SECRET`, at the last dot. What has no dot has an empty id, which nobody has. */
function split(text: string): [string, string] {
  const dot = text.lastIndexOf('.');
  return dot < 1 ? ['', text] : [text.slice(0, dot), text.slice(dot + 1)];
}
