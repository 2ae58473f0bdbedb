/**
 * Sealing: a value is encrypted by its author and opened by its reader, and nobody between them can read it. The place
 * where it was put is encrypted with it, so it cannot be moved to another key or application, nor can its list of
 * readers be changed. Sealing does not tell who the author is: anybody can seal for a recipient, so who may write is for the
 * store to decide.
 */
import { OperatingError } from '@plumb/base';
import { decryptBytes, encryptBytes } from './age.ts';
import { encodeBase64 } from './base64.ts';
import { parseRecipients } from './recipient.ts';
import {
  isWithheld,
  SEALED_VALUE_BYTES_MAX,
  sealedBytes,
  type SealableValue,
  type SealedValue,
} from './sealed-value.ts';

/** Where a value is: its ciphertext opens nowhere else. */
export type SealedPlace = { readonly application: string; readonly key: string };

/** The plaintext. A version that is not known is refused, never guessed. */
type Contents = SealedPlace & { readonly v: 1; readonly to: readonly string[]; readonly value: SealableValue };

/**
 * Seals a value for `recipients` (1 to 64, sorted by this). Two calls never give the same bytes.
 * @throws OperatingError `invalid` for what is not JSON or a wrong recipient, `exhausted` above `SEALED_VALUE_BYTES_MAX`.
 */
export async function sealValue({
  application,
  key,
  value,
  recipients,
}: SealedPlace & { readonly value: SealableValue; readonly recipients: readonly string[] }): Promise<SealedValue> {
  const place = { application, key };
  const to = parseRecipients(recipients);
  checkSize(place, value);
  const contents: Contents = { v: 1, application, key, to, value };
  const file = await encryptBytes(new TextEncoder().encode(JSON.stringify(contents)), { recipients: to });
  return { $sealed: encodeBase64(file), to };
}

/**
 * The value within. No error tells any of it.
 * @throws OperatingError `denied` when it is not for these identities, was withheld, was moved here from another key, or
 * names other readers than its author did; `invalid` when it was changed or is none.
 */
export async function openSealedValue({
  application,
  key,
  sealed,
  identities,
}: SealedPlace & { readonly sealed: SealedValue; readonly identities: readonly string[] }): Promise<SealableValue> {
  const place = { application, key };
  if (isWithheld(sealed)) {
    throw new OperatingError(
      'denied',
      `${show(place)} is a secret that is not for you: ask for it to be sealed for you`,
    );
  }
  const bytes = sealedBytes(sealed);
  const plain = await decryptBytes(bytes, { identities }).catch((cause: unknown) => {
    const code = cause instanceof OperatingError ? cause.code : 'internal';
    throw new OperatingError(code, `${show(place)}, sealed for ${showReaders(sealed.to)}, was not opened`, { cause });
  });
  const contents = parseContents(plain, place);
  checkPlace(contents, place);
  if (contents.to.length !== sealed.to.length || contents.to.some((recipient, i) => recipient !== sealed.to[i])) {
    const readers = `sealed for ${showReaders(contents.to)}, and names ${showReaders(sealed.to)}`;
    throw new OperatingError('denied', `${show(place)} is ${readers}: its list of readers was changed; seal it again`);
  }
  return contents.value;
}

/** The same value for other recipients, at the same place: for a change of readers, or of a key. */
export async function resealValue({
  recipients,
  ...where
}: SealedPlace & {
  readonly sealed: SealedValue;
  readonly identities: readonly string[];
  readonly recipients: readonly string[];
}): Promise<SealedValue> {
  const { application, key } = where;
  return sealValue({ application, key, value: await openSealedValue(where), recipients });
}

function checkSize(place: SealedPlace, value: SealableValue): void {
  if (!isJson(value)) {
    const advice = 'use text, finite numbers, booleans, null, lists and plain objects of them';
    throw new OperatingError('invalid', `${show(place)} was not sealed: its value is not JSON; ${advice}`);
  }
  const sizeBytes = new TextEncoder().encode(JSON.stringify(value)).length;
  if (sizeBytes > SEALED_VALUE_BYTES_MAX) {
    const sizes = `its value has ${sizeBytes} bytes, and ${SEALED_VALUE_BYTES_MAX} is the most`;
    throw new OperatingError('exhausted', `${show(place)} was not sealed: ${sizes}; put it in a file of its own`);
  }
}

/** As deep as CBOR goes: `PLAIN_DEPTH_MAX` of `@plumb/cbor`. */
const DEPTH_MAX = 128;

function isJson(value: unknown, depth = 0): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return ['string', 'boolean', 'object'].includes(typeof value);
  if (depth === DEPTH_MAX) return false;
  if (Array.isArray(value)) return Array.from(value, (item: unknown) => isJson(item, depth + 1)).every(Boolean);
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  return isPlain && Object.values(value).every((item) => isJson(item, depth + 1));
}

function parseContents(plain: Uint8Array, place: SealedPlace): Contents {
  try {
    const contents = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain)) as Partial<Contents> | null;
    const { v, application, key, to, value } = contents ?? {};
    const isOurs = v === 1 && typeof application === 'string' && typeof key === 'string' && value !== undefined;
    if (isOurs && Array.isArray(to)) return { v, application, key, to, value };
  } catch {
    // The cause would quote what is sealed.
  }
  throw new OperatingError('invalid', `${show(place)} was opened and holds no value of version 1: seal it again`);
}

function checkPlace(contents: Contents, place: SealedPlace): void {
  if (contents.application === place.application && contents.key === place.key) return;
  const moved = `was sealed as ${show(contents)} and moved to ${show(place)}`;
  throw new OperatingError('denied', `a secret ${moved}: put it back, or seal it again where it is wanted`, {
    details: { from: { application: contents.application, key: contents.key }, to: { ...place } },
  });
}

function show({ application, key }: SealedPlace): string {
  return `${application}/${key}`;
}

/** A person compares the beginnings; the whole list would be pages. */
const READERS_SHOWN = 3;

function showReaders(to: readonly string[]): string {
  const shown = to.slice(0, READERS_SHOWN).map((recipient) => `${recipient.slice(0, 12)}…`);
  const more = to.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
