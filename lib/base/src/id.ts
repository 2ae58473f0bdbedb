/** Identifiers that people can read aloud: lower-case letters and digits, without those that look alike. */

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * An id that sorts by time: 10 characters of milliseconds and 6 random ones (30 bits), in Crockford's base 32.
 * Two ids of one millisecond clash once in 10⁹. Not a secret.
 */
export function newId(now: number): string {
  let time = '';
  for (let rest = now, i = 0; i < 10; i += 1, rest = Math.floor(rest / 32)) time = ALPHABET[rest % 32] + time;
  return time + randomText(6);
}

/** `length` random characters of 5 bits each, from the system's secure source. 26 or more make a secret. */
export function randomText(length: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => ALPHABET[byte % 32]).join('');
}
