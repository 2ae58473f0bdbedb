/** Z85 (RFC 32): four bytes as five printable characters, first byte most significant. */
import { OperatingError } from '@plumb/base';

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const BASE = 85;

/** `bytes` come in fours. @throws OperatingError `invalid`. */
export function encodeZ85(bytes: Uint8Array): string {
  if (bytes.length % 4 !== 0)
    throw new OperatingError('invalid', `Z85 takes bytes in fours, not ${bytes.length} of them`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    const value = view.getUint32(at);
    for (let divisor = BASE ** 4; divisor >= 1; divisor /= BASE) text += DIGITS[Math.floor(value / divisor) % BASE];
  }
  return text;
}

/** `what` names it in the error. @throws OperatingError `invalid`, which does not repeat the text: it may be a secret key. */
export function decodeZ85(text: string, what = 'text'): Buffer {
  const fault = (why: string): OperatingError =>
    new OperatingError('invalid', `${what} of ${text.length} characters is not Z85: ${why}`);
  if (text.length % 5 !== 0) throw fault('they come in fives');
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let at = 0; at < text.length; at += 5) {
    let value = 0;
    for (const character of text.slice(at, at + 5)) {
      const digit = DIGITS.indexOf(character);
      if (digit === -1) throw fault(`one of characters ${at + 1} to ${at + 5} is no digit of it`);
      value = value * BASE + digit;
    }
    if (value > 0xffff_ffff) throw fault(`characters ${at + 1} to ${at + 5} are above 32 bits`);
    bytes.writeUInt32BE(value, (at / 5) * 4);
  }
  return bytes;
}
