/** Base 64 of RFC 4648 in a browser and in Node.js, strict: bytes have one text, so a changed character is never unseen. */

/** `String.fromCharCode` takes its characters as arguments, of which an engine allows some 64 thousand. */
const PIECE = 8_192;

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += PIECE) text += String.fromCharCode(...bytes.subarray(i, i + PIECE));
  return btoa(text);
}

/** Undefined where `text` is not what `encodeBase64` writes: other characters, padding or stray bits at its end. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return encodeBase64(bytes.subarray(Math.max(0, bytes.length - (bytes.length % 3 || 3)))) === text.slice(-4)
    ? bytes
    : undefined;
}
