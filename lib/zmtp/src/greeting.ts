/** The first 64 bytes of each side (RFC 37, "Greeting"): signature, version, mechanism, as-server, filler. */
import { OperatingError } from '@plumb/base';
import { protocolFault } from './protocol-fault.ts';

export const GREETING_BYTES = 64;
const MAJOR = 3;
const MINOR = 1;
const MECHANISM_AT = 12;
const MECHANISM_BYTES = 20;
const AS_SERVER_AT = 32;

export type Greeting = { readonly minor: number; readonly mechanism: string; readonly isServer: boolean };

export function encodeGreeting(mechanism: string, isServer: boolean): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes[0] = 0xff;
  bytes[9] = 0x7f;
  bytes[10] = MAJOR;
  bytes[11] = MINOR;
  bytes.write(mechanism, MECHANISM_AT, 'latin1');
  bytes[AS_SERVER_AT] = isServer ? 1 : 0;
  return bytes;
}

/**
 * Returns what is wrong with the bytes so far, of which there may be fewer than 64: a stranger who speaks something else
 * is turned away at its first byte. @throws OperatingError `invalid`.
 */
export function checkGreeting(bytes: Buffer): void {
  const [first] = bytes;
  if (first !== undefined && first !== 0xff) throw protocolFault(`it begins with byte ${first}, not 255`);
  const signature = bytes[9];
  if (signature !== undefined && signature !== 0x7f)
    throw protocolFault('its signature is not that of ZMTP 2 or later');
  const major = bytes[10];
  if (major !== undefined && major < MAJOR)
    throw protocolFault(`it speaks version ${major}, and 3 is the oldest known`);
}

/**
 * Reads 64 bytes that `checkGreeting` has passed. @throws OperatingError `denied` unless they name `mechanism`, with what
 * they name in `details.mechanism`.
 */
export function parseGreeting(bytes: Buffer, mechanism: string): Greeting {
  const field = bytes.toString('latin1', MECHANISM_AT, MECHANISM_AT + MECHANISM_BYTES);
  const name = field.replace(/\0+$/, '');
  if (name !== mechanism) {
    const theirs = /^[A-Z0-9_+-]{1,20}$/.test(name) ? name : 'of no valid name';
    const message = `the peer wants mechanism ${theirs}, this side ${mechanism}: make them equal`;
    throw new OperatingError('denied', message, { details: { mechanism: theirs } });
  }
  return { minor: bytes[11] ?? 0, mechanism: name, isServer: bytes[AS_SERVER_AT] === 1 };
}
