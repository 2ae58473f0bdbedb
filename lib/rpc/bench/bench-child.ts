/**
 * A process of the benchmark: the serving or the calling side of one peer. It does what its parent orders by message,
 * and ends with it.
 */
import type { ChildProcess } from 'node:child_process';
import { type LoadName, type LoadOptions, type Measured, proveAnswers, runLoad } from './loads.ts';
import { PEERS } from './peers/index.ts';
import type { BenchClient, Peer, Served } from './peers/peer.ts';
import { processCpuUs } from './process-cpu.ts';

export type Order =
  | { readonly kind: 'serve'; readonly peer: string }
  | {
      readonly kind: 'open';
      readonly peer: string;
      readonly address: string;
      readonly sealedAddress?: string | undefined;
    }
  | { readonly kind: 'load'; readonly load: LoadName; readonly options: LoadOptions }
  | { readonly kind: 'cpu' };

export type Report =
  | { readonly kind: 'served'; readonly address: string; readonly sealedAddress?: string | undefined }
  | { readonly kind: 'absent'; readonly reason: string }
  | { readonly kind: 'opened'; readonly settings: string; readonly loads: readonly LoadName[]; readonly hash: string }
  | ({ readonly kind: 'measured' } & Measured)
  /** Processor time so far, that of a helper included. */
  | { readonly kind: 'cpu'; readonly us: number }
  | { readonly kind: 'failed'; readonly reason: string };

let helper: ChildProcess | undefined;
let client: BenchClient | undefined;
let sealedClient: BenchClient | undefined;

process.on('message', (order: Order) => {
  obey(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ kind: 'failed', reason: String((error as Error).stack) } satisfies Report),
  );
});
process.on('disconnect', () => {
  const end = (): boolean => process.kill(process.pid, 'SIGKILL');
  if (helper === undefined || helper.exitCode !== null) return end();
  helper.once('exit', end);
  return helper.kill('SIGKILL');
});

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
    case 'cpu': {
      const { user, system } = process.cpuUsage();
      return { kind: 'cpu', us: user + system + processCpuUs(helper?.pid) };
    }
  }
}

async function open(peer: Peer, { address, sealedAddress }: Extract<Served, { address: string }>): Promise<Report> {
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
