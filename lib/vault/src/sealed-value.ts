/**
 * A sealed value: a configuration value that only its recipients can read. Its form on the wire, in the store and in
 * files is `{ "$sealed": BASE64, "to": [RECIPIENT, …] }` (docs/formats/sealed-values.md). Whoever holds no identity can
 * check its form, and nothing else.
 */
import { OperatingError } from '@plumb/base';
import { decodeBase64 } from './base64.ts';
import { parseRecipients, RECIPIENTS_MAX } from './recipient.ts';

/** What can be sealed: JSON. */
export type SealableValue =
  | null
  | boolean
  | number
  | string
  | readonly SealableValue[]
  | { readonly [key: string]: SealableValue };

export type SealedValue = {
  /** The age file, in base 64. Empty where the value was withheld from this reader. */
  readonly $sealed: string;
  /** Who can read it, sorted. */
  readonly to: readonly string[];
};

/** What a reader gets of a value that is sealed for others: there is a secret, and it is not for you. */
export const WITHHELD_VALUE: SealedValue = Object.freeze({ $sealed: '', to: Object.freeze([]) });

/** A value is a setting or a certificate, not a file: as JSON in UTF-8, before it is sealed. */
export const SEALED_VALUE_BYTES_MAX = 64 * 1_024;

/** The greatest value for the most recipients, of the longest kind: 1.6 KiB in the header and 2 KiB within for each. */
const SEALED_TEXT_MAX = Math.ceil((SEALED_VALUE_BYTES_MAX + 4_096 * RECIPIENTS_MAX) / 3) * 4;

/** Whether `value` has the form of a sealed value, and no other fields. Says nothing of whether anybody can open it. */
export function isSealed(value: unknown): value is SealedValue {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 2) return false;
  const { $sealed, to } = value as Partial<SealedValue>;
  return typeof $sealed === 'string' && Array.isArray(to) && to.every((recipient) => typeof recipient === 'string');
}

/** Whether a sealed value came without what is sealed, because it is for others. */
export function isWithheld(value: SealedValue): boolean {
  return value.$sealed === '';
}

/**
 * A copy of `value` if it is a sealed value that somebody can open: recipients that are none, an unsorted list, bytes
 * that are no age file, or one with more or fewer readers than it names, are refused. For those who store what others send.
 * @throws OperatingError `invalid`, `exhausted` when it is too large.
 */
export function parseSealed(value: unknown): SealedValue {
  if (!isSealed(value)) {
    throw new OperatingError('invalid', 'a sealed value is {"$sealed": "BASE64", "to": ["age1…"]}: seal it again');
  }
  const bytes = sealedBytes(value);
  const to = parseRecipients(value.to);
  if (to.length !== value.to.length || to.some((recipient, i) => recipient !== value.to[i])) {
    throw new OperatingError('invalid', 'the recipients of a sealed value are not sorted, each once: seal it again');
  }
  const readers = countReaders(bytes);
  if (readers !== to.length) {
    const counts = `is encrypted for ${readers} recipients and names ${to.length}`;
    throw new OperatingError('invalid', `a sealed value ${counts}: seal it again`);
  }
  return { $sealed: value.$sealed, to };
}

/** The bytes of the age file. @throws OperatingError `invalid`, `exhausted` when it is too large. */
export function sealedBytes({ $sealed }: SealedValue): Uint8Array {
  if ($sealed.length > SEALED_TEXT_MAX) {
    const sizes = `${$sealed.length} characters, and ${SEALED_TEXT_MAX} is the most`;
    throw new OperatingError('exhausted', `a sealed value has ${sizes}: put it in a file of its own`);
  }
  const bytes = decodeBase64($sealed);
  if (bytes === undefined) throw new OperatingError('invalid', 'a sealed value is not in base 64: seal it again');
  return bytes;
}

/** How many recipients the header of an age file has lines for; 0 where it has no such header. */
function countReaders(file: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(file);
  const [header] = text.split('\n--- ', 1);
  if (header === undefined || header === text || !header.startsWith('age-encryption.org/v1\n')) return 0;
  return header.split('\n').filter((line) => /^-> (X25519|mlkem768x25519) /.test(line)).length;
}
