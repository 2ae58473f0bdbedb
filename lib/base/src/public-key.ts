const PUBLIC_KEY = /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/;

/** Whether `text` has the form of a public key of CURVE: 32 bytes in Z85 (RFC 32). */
export function isPublicKey(text: string): boolean {
  return PUBLIC_KEY.test(text);
}

/** What a person is told of a key that is none. */
export const PUBLIC_KEY_RULE = 'a public key has 40 characters of Z85: is it the whole line?';
