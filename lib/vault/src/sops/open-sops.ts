/** Opens a file of SOPS: every value decrypted with its path, and the MAC over all of them checked. */
import { OperatingError } from '@plumb/base';
import { createHash, type Hash, timingSafeEqual } from 'node:crypto';
import { decryptSopsBytes, parseCiphertext } from './sops-cipher.ts';
import { SOPS_WRITERS, type SopsFormat } from './sops-format.ts';
import { openDataKey, parseMetadata, type SopsMetadata } from './sops-metadata.ts';
import { createRule, type SopsPlace } from './sops-rules.ts';
import { decodeUtf8, parseScalar } from './sops-scalar.ts';
import {
  type Edit,
  faultAt,
  SOPS_TEXT_MAX,
  type SopsComment,
  type SopsLeaf,
  type SopsMap,
  type SopsScalar,
} from './sops-tree.ts';
import { formatAad, walkTree } from './walk-tree.ts';

export type OpenedSops = {
  /** Without the metadata. */
  readonly tree: SopsMap;
  readonly metadata: SopsMetadata;
  readonly dataKey: Uint8Array;
  /** What was encrypted, in the order of the file. */
  readonly scalars: ReadonlyMap<SopsLeaf, SopsScalar>;
  readonly comments: ReadonlyMap<SopsComment, string>;
  /** What takes the metadata out of the text. */
  readonly edits: readonly Edit[];
  /** The IVs that were used, by path, type and bytes. */
  readonly ivs: ReadonlyMap<string, readonly Uint8Array[]>;
};

/** By which a MAC over the encrypted values alone differs from one over all: a constant of SOPS. */
const MAC_ONLY_ENCRYPTED = Buffer.from('8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69', 'hex');

/**
 * @throws OperatingError `denied` when none of the identities is a recipient, `invalid` for a malformed file, a value that was
 * changed or moved, and a MAC that does not fit; `exhausted` above 4 MiB. No error tells a value.
 */
export async function openSops(
  text: string,
  { format, identities }: { readonly format: SopsFormat; readonly identities: readonly string[] },
): Promise<OpenedSops> {
  checkSize(text);
  const writer = SOPS_WRITERS[format];
  const { fields, tree, edits } = writer.split(writer.parse(text), text);
  if (fields === undefined)
    throw new OperatingError('invalid', 'the file has no sops part: it is not encrypted by SOPS');
  const metadata = parseMetadata(fields);
  const dataKey = await openDataKey(metadata, identities);
  const opened = { scalars: new Map<SopsLeaf, SopsScalar>(), comments: new Map<SopsComment, string>() };
  const ivs = new Map<string, Uint8Array[]>();
  const keep = (aad: string, type: string, bytes: Uint8Array, iv: Uint8Array): unknown =>
    ivs.getOrInsertComputed(ivKey(aad, type, bytes), () => []).push(iv);

  const isEncrypted = createRule(metadata.rules);
  const hash = createMac(metadata.rules);
  walkTree(tree, (item, place) => {
    const encrypted = isEncrypted(place);
    if (item.kind === 'comment') {
      if (encrypted) openComment(item, place, { dataKey, comments: opened.comments, keep });
      return;
    }
    let { scalar } = item;
    if (encrypted && scalar !== null && scalar.bytes.length > 0) {
      scalar = openLeaf(item, place, { text, dataKey, keep });
      opened.scalars.set(item, scalar);
    }
    if ((encrypted || metadata.rules.macOnlyEncrypted !== true) && scalar !== null) hash.update(scalar.bytes);
  });
  checkMac(metadata, dataKey, hash.digest('hex').toUpperCase());
  return { tree, metadata, dataKey, ...opened, edits, ivs };
}

export function createMac({ macOnlyEncrypted = false }: { readonly macOnlyEncrypted?: boolean }): Hash {
  const hash = createHash('sha512');
  return macOnlyEncrypted ? hash.update(MAC_ONLY_ENCRYPTED) : hash;
}

export function checkSize(text: string): void {
  if (text.length <= SOPS_TEXT_MAX) return;
  const sizes = `${text.length} characters, and ${SOPS_TEXT_MAX} is the most`;
  throw new OperatingError('exhausted', `a SOPS file has ${sizes}: encrypt it as a file with age`);
}

export function ivKey(aad: string, type: string, bytes: Uint8Array): string {
  return `${aad}\n${type}\n${Buffer.from(bytes).toString('latin1')}`;
}

type Opening = {
  readonly dataKey: Uint8Array;
  readonly keep: (aad: string, type: string, bytes: Uint8Array, iv: Uint8Array) => unknown;
};

function openLeaf(
  leaf: SopsLeaf,
  { keys }: SopsPlace,
  { text, dataKey, keep }: Opening & { readonly text: string },
): SopsScalar {
  const at = (what: string): OperatingError => faultAt(text, leaf.range.start, `${keys.join('.')}: ${what}`);
  const ciphertext = leaf.scalar?.type === 'str' ? parseCiphertext(decodeUtf8(leaf.scalar.bytes) ?? '') : undefined;
  if (ciphertext === undefined)
    throw at('by the rules of the file this is encrypted, and it is not or is damaged: restore it');
  const aad = formatAad(keys);
  let bytes: Uint8Array;
  try {
    bytes = decryptSopsBytes(ciphertext, { path: aad, dataKey });
  } catch (error) {
    throw at(error instanceof Error ? error.message : 'it was not decrypted');
  }
  const scalar = parseScalar(ciphertext.type, bytes);
  if (scalar === undefined)
    throw at(`this was decrypted and is no ${ciphertext.type}: its type was changed; restore it`);
  keep(aad, ciphertext.type, bytes, ciphertext.iv);
  return scalar;
}

/**
 * Which map a comment is in is not always clear, so the paths around are tried; one that none opens was never encrypted,
 * as SOPS assumes too. Comments are not part of the MAC.
 */
function openComment(
  comment: SopsComment,
  { keys }: SopsPlace,
  { dataKey, comments, keep }: Opening & { readonly comments: Map<SopsComment, string> },
): void {
  const ciphertext = parseCiphertext(comment.text);
  if (ciphertext?.type !== 'comment') return;
  for (let length = keys.length; length >= 0; length -= 1) {
    const aad = formatAad(keys.slice(0, length));
    try {
      const bytes = decryptSopsBytes(ciphertext, { path: aad, dataKey });
      keep(aad, 'comment', bytes, ciphertext.iv);
      // A line break in it would make what follows a value.
      comments.set(comment, (decodeUtf8(bytes) ?? '').replaceAll(/[\r\n]/g, ' '));
      return;
    } catch {
      continue;
    }
  }
}

function checkMac({ mac, lastModified }: SopsMetadata, dataKey: Uint8Array, computed: string): void {
  const what = 'its MAC does not fit: a value was added, removed, moved or changed; restore it';
  const ciphertext = parseCiphertext(mac);
  if (ciphertext === undefined) throw new OperatingError('invalid', `the SOPS file was not opened: ${what}`);
  let stated: Uint8Array;
  try {
    stated = decryptSopsBytes(ciphertext, { path: lastModified, dataKey });
  } catch (cause) {
    throw new OperatingError('invalid', `the SOPS file was not opened: ${what}`, { cause });
  }
  const expected = Buffer.from(computed);
  if (stated.length === expected.length && timingSafeEqual(stated, expected)) return;
  throw new OperatingError('invalid', `the SOPS file was not opened: ${what}`);
}
