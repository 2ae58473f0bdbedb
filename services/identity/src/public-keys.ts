/**
 * Who is known by a public key of CURVE: tokens that were made for a key, which are kept, and running instances, which are
 * known as long as they run. The connection has proved that it holds the secret half before anybody is asked.
 */
import { OperatingError } from '@plumb/base';
import type { Collection } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import type { TokenRecord } from './authenticator.ts';

/** Whom a key stands for, and until when. `id` is its own among all credentials. */
export type KeyHolder = { readonly id: string; readonly caller: Caller; readonly expiresAt?: number | undefined };

export class PublicKeys {
  readonly #tokens: Collection<TokenRecord>;
  readonly #instances = new Map<string, KeyHolder>();
  /** The names of tokens by their keys: read once, since nobody else writes the store. */
  #names: Promise<Map<string, string>> | undefined;

  constructor(tokens: Collection<TokenRecord>) {
    this.#tokens = tokens;
  }

  /** Notes that the token `name` is for this key. @throws OperatingError `already-exists` where somebody has it. */
  async claim(publicKey: string, name: string): Promise<void> {
    const names = await this.#index();
    const other = names.get(publicKey);
    if (other === undefined && !this.#instances.has(publicKey)) {
      names.set(publicKey, name);
      return;
    }
    const holder = other === undefined ? 'a running instance' : `the token "${other}"`;
    throw new OperatingError('already-exists', `${holder} has this key: make another with "plumb token keys"`);
  }

  async release(publicKey: string): Promise<void> {
    (await this.#index()).delete(publicKey);
  }

  addInstance(publicKey: string, holder: KeyHolder): void {
    this.#instances.set(publicKey, holder);
  }

  removeInstance(publicKey: string): void {
    this.#instances.delete(publicKey);
  }

  /** Also one whose time is over. */
  async find(publicKey: string): Promise<KeyHolder | undefined> {
    const instance = this.#instances.get(publicKey);
    if (instance !== undefined) return instance;
    const name = (await this.#index()).get(publicKey);
    const record = name === undefined ? undefined : await this.#tokens.get(name);
    if (record === undefined || record.value.publicKey !== publicKey) return undefined;
    const { scopes, expiresAt } = record.value;
    return { id: `token ${record.value.name}`, caller: { id: record.value.name, scopes }, expiresAt };
  }

  #index(): Promise<Map<string, string>> {
    this.#names ??= this.#read().catch((error: unknown) => {
      this.#names = undefined;
      throw error;
    });
    return this.#names;
  }

  async #read(): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    for (const { value } of await this.#tokens.list()) {
      if (value.publicKey !== undefined) names.set(value.publicKey, value.name);
    }
    return names;
  }
}
