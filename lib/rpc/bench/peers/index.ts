/** Who is compared, by name. Each is loaded only in the processes that run it. */
import type { Peer } from './peer.ts';

export const PEERS: Readonly<Record<string, () => Promise<Peer>>> = {
  plumb: async () => (await import('./plumb.ts')).plumb,
  zeromq: async () => (await import('./zeromq.ts')).zeromq,
  grpc: async () => (await import('./grpc.ts')).grpc,
  moleculer: async () => (await import('./moleculer.ts')).moleculer,
  nats: async () => (await import('./nats.ts')).nats,
  http: async () => (await import('./http.ts')).http1,
};
