/**
 * A digest of the values that a reader was sent, so that two sides can tell whether they hold the same without sending
 * them: a process reports it with its revision, and the store compares it with that of the values it means the process to
 * have.
 *
 * Of each value it takes the first 128 bits of SHA-256 over the key, a zero byte and the canonical JSON, in UTF-8; the
 * digest is the XOR of those, in hex. So the order does not matter, and a change costs only what it changes. It is over the
 * values as they are sent: a sealed value with its `$sealed` and `to`, one that is withheld with both empty.
 *
 * It finds accidents, not forgery: whoever can choose many values can make two sets of one digest.
 */
import type { ConfigValue } from './feed.ts';
import { hash } from 'node:crypto';

/** 128 bits: of a billion pairs of different sets none is likely to be taken for equal. */
const SIZE_BYTES = 16;

type Values = Iterable<readonly [key: string, value: ConfigValue]>;

/** In 32 hex digits; of no values all are 0. Each key is to be there once. */
export function digestOf(values: Values): string {
  const digest = Buffer.alloc(SIZE_BYTES);
  for (const [key, value] of values) combine(digest, hashOf(key, value));
  return digest.toString('hex');
}

/** The digest of values that change. Remembers 16 bytes of each. */
export class ConfigDigest {
  readonly #hashes = new Map<string, Buffer>();
  readonly #digest = Buffer.alloc(SIZE_BYTES);

  constructor(values: Values = []) {
    for (const [key, value] of values) this.set(key, value);
  }

  /** Undefined takes the value away. */
  set(key: string, value: ConfigValue | undefined): void {
    const before = this.#hashes.get(key);
    if (before !== undefined) combine(this.#digest, before);
    if (value === undefined) {
      this.#hashes.delete(key);
      return;
    }
    const after = hashOf(key, value);
    this.#hashes.set(key, after);
    combine(this.#digest, after);
  }

  /** As `digestOf` of the values that are set. */
  get hex(): string {
    return this.#digest.toString('hex');
  }
}

/** JSON with the names of objects in the order of their UTF-16 units (RFC 8785); otherwise as `JSON.stringify` writes it. */
export function canonicalJson(value: ConfigValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: ConfigValue) => canonicalJson(item)).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, inner]) => `${JSON.stringify(name)}:${canonicalJson(inner)}`).join(',')}}`;
}

function hashOf(key: string, value: ConfigValue): Buffer {
  return hash('sha256', `${key}\0${canonicalJson(value)}`, 'buffer').subarray(0, SIZE_BYTES);
}

function combine(digest: Buffer, other: Buffer): void {
  for (let i = 0; i < SIZE_BYTES; i += 1) digest[i] = (digest[i] ?? 0) ^ (other[i] ?? 0);
}
