/** A process of the benchmark: the serving or the calling side of one peer. */
import type { ChildProcess } from 'node:child_process';
import { obeyParent } from './bench-process.ts';
import { type LoadName, type LoadOptions, type Measured, proveAnswers, runLoad } from './loads.ts';
import { PEERS } from './peers/index.ts';
import type { BenchClient, Peer, Served } from './peers/peer.ts';
import { ownCpuUs } from './process-cpu.ts';

type Addresses = Omit<Extract<Served, { readonly address: string }>, 'helper'>;

export type Order =
  | { readonly kind: 'serve'; readonly peer: string }
  | ({ readonly kind: 'open'; readonly peer: string } & Addresses)
  | { readonly kind: 'load'; readonly load: LoadName; readonly options: LoadOptions }
  | { readonly kind: 'cpu' };

export type Report =
  | ({ readonly kind: 'served' } & Addresses)
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'opened'; readonly settings: string; readonly loads: readonly LoadName[]; readonly hash: string }
  | ({ readonly kind: 'measured' } & Measured)
  /** Processor time so far, that of a helper included. */
  | { readonly kind: 'cpu'; readonly us: number };

let helper: ChildProcess | undefined;
let client: BenchClient | undefined;
let sealedClient: BenchClient | undefined;

obeyParent(obey, () => helper);

async function obey(order: Order): Promise<Report> {
  switch (order.kind) {
    case 'serve': {
      const served = await (await loadPeer(order.peer)).serve();
      if ('absent' in served) return { kind: 'absent', reason: served.absent };
      helper = served.helper;
      return { kind: 'served', address: served.address, sealedAddress: served.sealedAddress };
    }
    case 'open':
      return open(await loadPeer(order.peer), order);
    case 'load': {
      const used = order.load === 'sealed' ? sealedClient : client;
      if (used === undefined) throw new Error(`there is no client for ${order.load}`);
      return { kind: 'measured', ...(await runLoad(used, order.load, order.options)) };
    }
    case 'cpu':
      return { kind: 'cpu', us: ownCpuUs(helper) };
  }
}

async function open(peer: Peer, { address, sealedAddress }: Addresses): Promise<Report> {
  client = await peer.open(address);
  if (sealedAddress !== undefined) sealedClient = await peer.openSealed?.(sealedAddress);
  const loads: LoadName[] = ['oneByOne', 'inFlight', 'payload'];
  if (client.items !== undefined) loads.push('stream', 'besideStream');
  if (sealedClient !== undefined) loads.push('sealed');
  const hash = await proveAnswers(client);
  if (sealedClient !== undefined && (await proveAnswers(sealedClient)) !== hash)
    throw new Error('CURVE changes answers');
  return { kind: 'opened', settings: peer.settings, loads, hash };
}

async function loadPeer(name: string): Promise<Peer> {
  const load = PEERS[name];
  if (load === undefined) throw new Error(`there is no peer "${name}"`);
  return load();
}
