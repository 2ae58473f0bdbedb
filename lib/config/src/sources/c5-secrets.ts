/**
 * C5Store's encrypted values, `{".c5encval": [algorithm, keyName, base64]}`, as secrets: opened at the first reveal, as text.
 * One that stays is the same secret, so nobody is told of it; one that is encrypted anew is another.
 */
import { describeError, OperatingError } from '@plumb/base';
import type { Secret } from '@plumb/vault';
import { C5_SEGMENT, type C5KeyStore, holdC5Secrets, readC5Bytes } from '@plumb/vault/c5';
import { ancestorsOf, namesOf, parentOf } from '../config-path.ts';
import type { ConfigSource, SourceLayer, SourceValue } from '../config-source.ts';
import { formatOrigin } from '../config-source.ts';
import { isOpaque } from '../config-values.ts';
import type { ConfigValue } from '../feed.ts';
import { wholeLayers } from './whole-layers.ts';

export type C5SecretsOptions = {
  /** The keys by name, and the algorithms. */
  readonly keys: C5KeyStore;
  /** What marks an encrypted value: `.c5encval`, unless another is configured. */
  readonly segment?: string | undefined;
};

/**
 * `sources` with secrets in place of C5Store's encrypted values, in lists too. What is malformed is told with its place, and
 * what the source said before it stays.
 */
export function withC5Secrets(sources: readonly ConfigSource[], options: C5SecretsOptions): readonly ConfigSource[] {
  return sources.map((source) => ({
    name: source.name,
    async open(context) {
      const reader = new C5Reader(options);
      const take = (layer: SourceLayer): void => {
        try {
          context.publish(reader.placeLayer(layer));
        } catch (error) {
          context.warn(new OperatingError('invalid', `${describeError(error)}; its last values stay`));
        }
      };
      await source.open(wholeLayers(context, take));
    },
  }));
}

type Held = { readonly text: string; readonly value: ConfigValue };

class C5Reader {
  readonly #keys: C5KeyStore;
  readonly #segment: string;
  #held = new Map<string, Held>();

  constructor({ keys, segment = C5_SEGMENT }: C5SecretsOptions) {
    this.#keys = keys;
    this.#segment = segment;
  }

  placeLayer(layer: SourceLayer): SourceLayer {
    const held = new Map<string, Held>();
    const values = new Map<string, SourceValue>();
    for (const [path, said] of layer.values) {
      const isMark = namesOf(path).at(-1) === this.#segment;
      const at = isMark ? parentOf(path) : path;
      const encrypted = isMark ? { [this.#segment]: said.value } : said.value;
      values.set(at, typeof encrypted === 'object' ? { ...said, value: this.#hold(at, encrypted, said, held) } : said);
    }
    for (const path of values.keys()) {
      const above = ancestorsOf(path).find((one) => held.has(one));
      if (above !== undefined) {
        throw new OperatingError('invalid', `"${above}" is encrypted, and has "${path}" below it: move that elsewhere`);
      }
    }
    this.#held = held;
    return { ...layer, values };
  }

  /** `value` with secrets in it: the same ones as before where it is the same. */
  #hold(path: string, value: ConfigValue, { origin }: SourceValue, held: Map<string, Held>): ConfigValue {
    if (value === null || isOpaque(value)) return value;
    const text = JSON.stringify(value);
    if (!text.includes(JSON.stringify(this.#segment))) return value;
    const before = this.#held.get(path);
    const kept = before?.text === text ? before : { text, value: this.#open(path, value, formatOrigin(origin)) };
    held.set(path, kept);
    return kept.value;
  }

  #open(path: string, value: ConfigValue, place: string): ConfigValue {
    try {
      return asText(holdC5Secrets(value, { keys: this.#keys, segment: this.#segment })) as ConfigValue;
    } catch (error) {
      throw new OperatingError('invalid', `"${path}" of ${place}`, { cause: error });
    }
  }
}

/** Each secret of bytes in `value` as one of text. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value !== 'object' || value === null) return value;
  if (isOpaque(value as ConfigValue)) return (value as Secret<Uint8Array>).map((bytes) => readC5Bytes(bytes, 'text'));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asText(inner)]));
}
