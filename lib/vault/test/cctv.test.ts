/**
 * The judge of age itself: the test vectors of C2SP (npm `cctv-age`), each one a file with what has to become of it. What an
 * error is called is our own, so what counts is: opened or refused, with the payload that the vector names.
 */
import { decryptBytes, decryptStream, generateIdentity, isArmored } from '@plumb/vault';
import * as vectorModule from 'cctv-age';
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';
import { OperatingError } from '@plumb/base';
import { expect, test } from 'vitest';
import { unarmor } from '../src/age.ts';

const vectors = new Map(Object.entries<Uint8Array>(vectorModule));
/** As many as version 0.2.0 has. None is left out. */
const VECTORS = 143;
/** A second of scrypt and megabytes in plain JavaScript, which became nine on two cores with twenty at work. */
const TIMEOUT_MS = 60_000;

const STRANGER = await generateIdentity();

type Vector = {
  readonly expect: string;
  readonly payload: string | undefined;
  readonly keys: readonly ({ readonly identities: readonly string[] } | { readonly passphrase: string })[];
  readonly isArmored: boolean;
  readonly file: Uint8Array;
};

test(`all ${VECTORS} vectors of age are opened or refused as they ask`, { timeout: TIMEOUT_MS }, async () => {
  expect(vectors.size).toBe(VECTORS);
  const outcomes: Record<string, number> = {};
  for (const [name, bytes] of vectors) {
    const vector = parseVector(bytes);
    const outcome = await judge(name, vector);
    outcomes[`${vector.expect}: ${outcome}`] = (outcomes[`${vector.expect}: ${outcome}`] ?? 0) + 1;
  }
  expect(outcomes).toMatchInlineSnapshot(`
    {
      "HMAC failure: invalid": 1,
      "armor failure: invalid": 22,
      "header failure: denied, invalid": 1,
      "header failure: invalid": 60,
      "header failure: invalid, invalid": 1,
      "no match: denied": 13,
      "payload failure: invalid, after less": 8,
      "payload failure: invalid, after the payload named": 11,
      "success: opened": 26,
    }
  `);
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(VECTORS);
});

/** What came of it, after checking that it is what the vector expects. */
async function judge(
  name: string,
  { expect: expected, payload, keys, isArmored: armored, file }: Vector,
): Promise<string> {
  const errors: string[] = [];
  for (const key of keys) {
    try {
      const plain = await decryptBytes(file, key);
      expect(isArmored(file), name).toBe(armored);
      expect(expected, name).toBe('success');
      expect(sha256(plain), name).toBe(payload);
      return 'opened';
    } catch (error) {
      if (!(error instanceof OperatingError)) throw error;
      errors.push(error.code);
    }
  }
  expect(expected, name).not.toBe('success');
  if (expected !== 'payload failure') return errors.join(', ');
  // What a stream gives out before it fails is what the vector names, or less: `age-encryption` checks a piece only when
  // it knows whether it is the last. The whole pieces of 64 KiB are all that may be there then.
  const released = await releasedBytes(file, armored, keys);
  if (sha256(released) === payload) return `${errors.join(', ')}, after the payload named`;
  expect(released.length % 65_536, name).toBe(0);
  return `${errors.join(', ')}, after less`;
}

async function releasedBytes(file: Uint8Array, armored: boolean, keys: Vector['keys']): Promise<Uint8Array> {
  const [key] = keys;
  const source = new Blob([Uint8Array.from(armored ? unarmor(file) : file)]).stream();
  const released: Uint8Array[] = [];
  try {
    if (key !== undefined) for await (const piece of await decryptStream(source, key)) released.push(piece);
  } catch {
    return Buffer.concat(released);
  }
  throw new Error('the stream ended as if it were whole');
}

function parseVector(bytes: Uint8Array): Vector {
  const text = Buffer.from(bytes).toString('latin1');
  const end = text.indexOf('\n\n');
  const fields = text
    .slice(0, end)
    .split('\n')
    .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)] as const);
  const all = (name: string): string[] => fields.filter(([field]) => field === name).map(([, value]) => value);
  const known = ['expect', 'payload', 'identity', 'passphrase', 'armored', 'compressed', 'file key', 'comment'];
  expect(fields.map(([field]) => field).filter((field) => !known.includes(field))).toEqual([]);
  const body = bytes.subarray(end + 2);
  const passphrases = all('passphrase').map((passphrase) => ({ passphrase }));
  // Files whose header is wrong have no key: any will do.
  const identities = all('identity').length > 0 ? all('identity') : [STRANGER];
  return {
    expect: all('expect')[0] ?? '',
    payload: all('payload')[0],
    keys: passphrases.length === 0 || all('identity').length > 0 ? [{ identities }, ...passphrases] : passphrases,
    isArmored: all('armored')[0] === 'yes',
    file: all('compressed')[0] === 'zlib' ? zlib.inflateSync(body) : body,
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
