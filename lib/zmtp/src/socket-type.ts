/** Types of sockets and who may talk to whom (RFC 37, "Socket type property"; RFC 28 to 31 say what each does). */

const PEERS = {
  REQ: ['REP', 'ROUTER'],
  REP: ['REQ', 'DEALER'],
  DEALER: ['REP', 'DEALER', 'ROUTER'],
  ROUTER: ['REQ', 'DEALER', 'ROUTER'],
  PUB: ['SUB', 'XSUB'],
  XPUB: ['SUB', 'XSUB'],
  SUB: ['PUB', 'XPUB'],
  XSUB: ['PUB', 'XPUB'],
  PUSH: ['PULL'],
  PULL: ['PUSH'],
  PAIR: ['PAIR'],
} as const;

export type SocketType = keyof typeof PEERS;

export function isSocketType(text: string): text is SocketType {
  return Object.hasOwn(PEERS, text);
}

export function talksTo(own: SocketType, peer: SocketType): boolean {
  return (PEERS[own] as readonly SocketType[]).includes(peer);
}
