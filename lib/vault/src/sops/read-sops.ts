/** Files of SOPS that are encrypted for age: their values, or their text with the comments. */
import { OperatingError } from '@plumb/base';
import { openSops } from './open-sops.ts';
import { decodeUtf8 } from './sops-scalar.ts';
import { SOPS_WRITERS, type SopsFormat } from './sops-format.ts';
import { applyEdits, createLocator, type Edit, type TextPosition } from './sops-tree.ts';
import { type SopsValues, treeToValues } from './sops-values.ts';
import { walkPaths } from './walk-tree.ts';

export type ReadSopsOptions = { readonly format: SopsFormat; readonly identities: readonly string[] };
export type SopsFile = {
  /** Integers above 2^53 are text; what SOPS calls bytes, and the `data` of a binary file, is a `Uint8Array`. */
  readonly values: SopsValues;
  /** Where each key and item starts in the file, by its path: `servers[0].password`. */
  readonly positions: ReadonlyMap<string, TextPosition>;
  readonly recipients: readonly string[];
  /** When it was last encrypted, in RFC 3339. */
  readonly lastModified: string;
};

/**
 * The values of a file of SOPS, after its MAC was checked.
 * @throws OperatingError `denied` when none of the identities is a recipient, `invalid` for a malformed file (with line and
 * column), a value that was changed or moved, and a MAC that does not fit; `exhausted` above 4 MiB. No error tells a value.
 */
export async function readSops(text: string, options: ReadSopsOptions): Promise<SopsFile> {
  const { tree, scalars, metadata } = await openSops(text, options);
  const positions = new Map<string, TextPosition>();
  const locate = createLocator(text);
  walkPaths(tree, (path, start) => positions.set(path, locate(start)));
  // A binary file is bytes, which SOPS calls text.
  const isBinary = options.format === 'binary';
  const opened = isBinary
    ? new Map([...scalars].map(([leaf, { bytes }]) => [leaf, { type: 'bytes', bytes } as const]))
    : scalars;
  const recipients = metadata.age.map(({ recipient }) => recipient);
  return { values: treeToValues(tree, opened), positions, recipients, lastModified: metadata.lastModified };
}

/** The file as it was before it was encrypted: its lines, order and comments. Throws as `readSops`. */
export async function decryptSops(
  text: string,
  options: ReadSopsOptions & { readonly format: Exclude<SopsFormat, 'binary'> },
): Promise<string> {
  const { scalars, comments, edits } = await openSops(text, options);
  const { formatScalar } = SOPS_WRITERS[options.format];
  const changes: Edit[] = [...edits];
  for (const [{ range }, scalar] of scalars) {
    if (decodeUtf8(scalar.bytes) === undefined) {
      throw new OperatingError('invalid', 'a value is bytes and not text: read the values instead');
    }
    changes.push({ ...range, text: formatScalar(scalar) });
  }
  for (const [{ range }, comment] of comments) changes.push({ ...range, text: `#${comment}` });
  return applyEdits(text, changes);
}
