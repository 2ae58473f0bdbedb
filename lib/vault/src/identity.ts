/** Identities: the secret half of an age key. No error repeats any part of one. */
import { OperatingError } from '@plumb/base';
import { Decrypter, generateIdentity as generateAgeIdentity, identityToRecipient } from 'age-encryption';

/** A person or a process has a few: the key of today and those it replaced. */
export const IDENTITIES_MAX = 64;

/** An identity of its own: `AGE-SECRET-KEY-1…`, 32 bytes of the system's secure source, in Bech32. */
export function generateIdentity(): Promise<string> {
  return generateAgeIdentity();
}

/** The recipient (`age1…`) of an identity. @throws OperatingError `invalid` as `parseIdentity`. */
export async function recipientOf(identity: string): Promise<string> {
  return identityToRecipient(parseIdentity(identity));
}

/**
 * The identity that `text` is, without space around it.
 * @throws OperatingError `invalid` with what is wrong, and nothing of the text but a recipient.
 */
export function parseIdentity(text: string): string {
  const identity = text.trim();
  const fault = faultOf(identity);
  if (fault !== undefined) throw new OperatingError('invalid', fault);
  try {
    new Decrypter().addIdentity(identity);
  } catch {
    // The cause would quote the key.
    throw new OperatingError('invalid', 'a secret key of age has a character missing or wrong: copy the whole line');
  }
  return identity;
}

/** @throws OperatingError `invalid` for a wrong one or none, `exhausted` for more than `IDENTITIES_MAX`. */
export function parseIdentities(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw new OperatingError('invalid', 'no identity (AGE-SECRET-KEY-1…) to open this with');
  if (texts.length > IDENTITIES_MAX) {
    throw new OperatingError('exhausted', `${texts.length} identities are more than ${IDENTITIES_MAX}: name fewer`);
  }
  return [...new Set(texts.map(parseIdentity))];
}

function faultOf(text: string): string | undefined {
  if (/^AGE-SECRET-KEY-(PQ-)?1/.test(text)) return undefined;
  if (text.startsWith('age1')) return `${text.slice(0, 16)}… is a recipient: what opens it is its secret key`;
  if (/^AGE-PLUGIN-/i.test(text)) return 'an identity of an age plugin cannot be used here: name an AGE-SECRET-KEY-1…';
  if (/secret-key/i.test(text)) return 'a secret key of age is written in capital letters: AGE-SECRET-KEY-1…';
  if (text === '') return 'a secret key of age is missing: it starts with AGE-SECRET-KEY-1';
  return 'this is not a secret key of age: it starts with AGE-SECRET-KEY-1';
}
