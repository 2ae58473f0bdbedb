/**
 * Where sealed values become secrets: each ciphertext of a source is one `Secret`, for as long as the source says it. So a
 * secret that stays is the same for those who listen, one that is sealed again is another, and nothing is opened before
 * somebody asks.
 */
import { OperatingError } from '@plumb/base';
import { isSealed, isWithheld, openSealedValue, Secret } from '@plumb/vault';
import type { SourceChange, SourceLayer, SourceValue } from './config-source.ts';
import { type ConfigValue, isSealedValue, type SealedValue } from './feed.ts';

/** What opens secrets. */
export type SecretKeys = {
  /** Undefined where it is not known: then none can be opened, since each is bound to its application. */
  readonly application: string | undefined;
  /** Read at the first reveal. */
  readonly identities: () => Promise<readonly string[]>;
  /** Gets the secrets that the server did not send to this reader. */
  readonly withheld: WeakSet<Secret<ConfigValue>>;
};

type Kept = { readonly text: string; readonly secret: Secret<ConfigValue> };

export class SecretShelf {
  readonly #keys: SecretKeys;
  #kept = new Map<string, Kept>();

  constructor(keys: SecretKeys) {
    this.#keys = keys;
  }

  /** The layer with secrets in place of sealed values; itself where it has none. */
  placeLayer(layer: SourceLayer): SourceLayer {
    const before = this.#kept;
    this.#kept = new Map();
    const values = this.#place(layer.values, before);
    return values === layer.values ? layer : { ...layer, values };
  }

  placeChange(change: SourceChange): SourceChange {
    const before = this.#kept;
    for (const [path, said] of change.changes) if (!isSealedValue(said?.value)) this.#kept.delete(path);
    const changes = this.#place(change.changes, before);
    return changes === change.changes ? change : { ...change, changes };
  }

  #place<S extends SourceValue | undefined>(
    values: ReadonlyMap<string, S>,
    before: ReadonlyMap<string, Kept>,
  ): ReadonlyMap<string, S> {
    const sealed: string[] = [];
    // Nearly all are none: a loop over the map would make two objects for each.
    values.forEach((said, path) => {
      if (isSealedValue(said?.value)) sealed.push(path);
    });
    if (sealed.length === 0) return values;
    const placed = new Map(values);
    for (const path of sealed) {
      const said = values.get(path);
      if (said === undefined || !isSealedValue(said.value)) continue;
      placed.set(path, { ...said, value: this.#secretOf(path, said.value, before.get(path)) });
    }
    return placed;
  }

  #secretOf(path: string, sealed: SealedValue, before: Kept | undefined): Secret<ConfigValue> {
    const text = JSON.stringify(sealed);
    const kept = before?.text === text ? before : { text, secret: createSecret(path, sealed, this.#keys) };
    this.#kept.set(path, kept);
    return kept.secret;
  }
}

function createSecret(key: string, sealed: SealedValue, keys: SecretKeys): Secret<ConfigValue> {
  const secret = new Secret(() => openSecret(key, sealed, keys));
  if (isSealed(sealed) && isWithheld(sealed)) keys.withheld.add(secret);
  return secret;
}

async function openSecret(
  key: string,
  sealed: SealedValue,
  { application, identities }: SecretKeys,
): Promise<ConfigValue> {
  if (application === undefined) {
    const advice = 'set PLUMB_APPLICATION to the name of the application that it was sealed for';
    throw new OperatingError('invalid', `the secret "${key}" cannot be opened: ${advice}`);
  }
  if (!isSealed(sealed)) {
    throw new OperatingError('invalid', `the secret "${key}" is not a sealed value: seal it again`);
  }
  if (isWithheld(sealed)) throw withheldError(key);
  const keys = await identities();
  if (keys.length === 0) {
    const advice = 'set PLUMB_AGE_KEY to the age key of this program, or PLUMB_AGE_KEY_FILE to the file that it is in';
    throw new OperatingError('denied', `the secret "${key}" cannot be opened without a key: ${advice}`);
  }
  return openSealedValue({ application, key, sealed, identities: keys });
}

/** There is a secret, and the server did not send it to this reader. */
export function withheldError(key: string): OperatingError {
  const advice = 'register the recipient of its age key, and seal the secret again ("plumb config rekey")';
  return new OperatingError('denied', `the secret "${key}" is not for this reader: ${advice}`);
}
