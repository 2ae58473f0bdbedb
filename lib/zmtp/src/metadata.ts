/** The properties that both sides tell in a handshake: a name of 1 to 255 bytes and a value with its size in 4 bytes. */
import { protocolFault } from './protocol-fault.ts';

/** Ours are two; libzmq adds what its user sets. More says that something is wrong. */
const PROPERTIES_MAX = 64;

/** By name in lower case, since names are compared without case. */
export type Metadata = ReadonlyMap<string, Buffer>;

export function encodeMetadata(properties: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(properties).flatMap(([name, value]) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(value.length);
    return [Buffer.of(name.length), Buffer.from(name, 'latin1'), size, value];
  });
  return Buffer.concat(parts);
}

/** @throws OperatingError `invalid`. */
export function parseMetadata(bytes: Buffer): Metadata {
  const properties = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    if (nameEnd === at + 1 || nameEnd + 4 > bytes.length) throw protocolFault('a property that is cut off');
    const end = nameEnd + 4 + bytes.readUInt32BE(nameEnd);
    if (end > bytes.length) throw protocolFault('a property that is cut off');
    const name = bytes.toString('latin1', at + 1, nameEnd).toLowerCase();
    if (!/^[a-z0-9._+-]+$/.test(name)) throw protocolFault('a property with a name that is not allowed');
    if (properties.size === PROPERTIES_MAX) throw protocolFault(`more than ${PROPERTIES_MAX} properties`);
    properties.set(name, bytes.subarray(nameEnd + 4, end));
    at = end;
  }
  return properties;
}
