export { type Address, formatAddress, netOptions, parseAddress } from './address.ts';
export { derivePublicKey, generateKeyPair, type KeyPair } from './keys.ts';
export { HIGH_WATER_MARK, type SocketEvents, type SocketOptions } from './options.ts';
export type { Message, Peer } from './pipe.ts';
export type { Security } from './security.ts';
export { openSocket, type Socket, type SocketCounts } from './socket.ts';
export { isSocketType, type SocketType } from './socket-type.ts';
export { decodeZ85, encodeZ85 } from './z85.ts';
