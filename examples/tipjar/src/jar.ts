/**
 * The jar on its chain: what is in it, kept up to date by reading each new block, and the way to put more in.
 *
 * Level-triggered: every round compares the chain with what was read last. A chain that went back (another block at a
 * height that was read, as after a restart from an older state or from nothing) is read again from its start, and a
 * chain without the contract gets it, so nothing has to be set up and nothing is stored here.
 */
import { type ChainClient, ChainError, createChainClient, describeChainError } from './chain-client.ts';
import { coalesce } from './coalesce.ts';
import { type Deployment, ensureContract, hasCode, RECEIPT_WAIT, tipJarAbi } from './contract.ts';
import type { Tip, TipRequest } from './tip.ts';

/** How often the chain is asked for a new block. */
const SYNC_PERIOD_MS = 500;
/** The latest tips, kept for the page; older ones stay on the chain. */
export const TIPS_KEPT_MAX = 50;
/** Blocks whose events are asked for at once: what common nodes allow. */
const BLOCKS_PER_QUERY_MAX = 10_000n;

export type JarState = {
  readonly count: number;
  /** Wei ever left, and wei in the jar now. */
  readonly totalWei: bigint;
  readonly balanceWei: bigint;
  /** The last block that was read; -1 before the first. */
  readonly height: number;
  /** Latest first. */
  readonly tips: readonly Tip[];
};

export type Jar = AsyncDisposable & {
  readonly state: () => JarState;
  /** Why the jar cannot be used now, for a person; undefined when it can. */
  readonly fault: () => string | undefined;
  /** Sends the tip and waits until it is in a block. @throws ChainError when that cannot be done now. */
  readonly leave: (request: TipRequest) => Promise<Tip>;
};

export type JarOptions = {
  readonly url: string;
  /** Told after the tips, the total or the balance changed. */
  readonly onChange: () => void;
  /** Told when the jar becomes usable (`undefined`) or stops being so. */
  readonly onFault: (fault: string | undefined) => void;
};

type Block = { readonly number: bigint; readonly hash: string };
/** What was read, where, and up to which block. */
type Reading = { readonly deployment: Deployment; readonly head: Block; readonly state: JarState };

const EMPTY: JarState = { count: 0, totalWei: 0n, balanceWei: 0n, height: -1, tips: [] };

/** Resolves after the first look at the chain, whether it answered or not. The jar is the caller's to close. */
export async function openJar({ url, onChange, onFault }: JarOptions): Promise<Jar> {
  const client = createChainClient(url);
  let reading: Reading | undefined;
  let fault: string | undefined = 'the chain was not asked yet';
  let payerIndex = 0;
  let isClosed = false;

  const setFault = (next: string | undefined): void => {
    if (isClosed || next === fault) return;
    fault = next;
    onFault(next);
  };

  const sync = coalesce(async () => {
    if (isClosed) return;
    try {
      const before = reading;
      reading = await readChain(client, before);
      setFault(undefined);
      if (isDifferent(before?.state, reading.state)) onChange();
    } catch (error) {
      setFault(describeChainError(error));
    }
  });

  const leave = async ({ name, message, amountWei }: TipRequest): Promise<Tip> => {
    if (fault !== undefined || reading === undefined) throw new ChainError(fault ?? 'the chain was not asked yet');
    const { address, accounts } = reading.deployment;
    payerIndex += 1;
    const account = payerAt(accounts, payerIndex);
    try {
      const call = { abi: tipJarAbi, address, functionName: 'tip', args: [name, message] } as const;
      const transaction = await client.writeContract({ ...call, account, chain: null, value: amountWei });
      const receipt = await client.waitForTransactionReceipt({ hash: transaction, ...RECEIPT_WAIT });
      if (receipt.status !== 'success') throw new ChainError('the contract refused the tip');
      await sync();
      const own = { from: account, name, message, amountWei, at: Date.now(), transaction };
      return reading.state.tips.find((tip) => tip.transaction === transaction) ?? own;
    } catch (error) {
      throw new ChainError(describeChainError(error), { cause: error });
    }
  };

  await sync();
  const timer = setInterval(() => void sync(), SYNC_PERIOD_MS);
  return {
    state: () => reading?.state ?? EMPTY,
    fault: () => fault,
    leave,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      clearInterval(timer);
      await sync();
    },
  };
}

/** The first account owns the jar; the others take turns at being the visitor who pays. */
function payerAt(accounts: Deployment['accounts'], index: number): Deployment['accounts'][number] {
  const account = accounts[1 + (index % (accounts.length - 1))] ?? accounts[0];
  if (account === undefined)
    throw new ChainError('the chain has no unlocked account: use a development chain, as anvil');
  return account;
}

async function readChain(client: ChainClient, before: Reading | undefined): Promise<Reading> {
  const latest = await readBlock(client);
  if (before !== undefined && latest.hash === before.head.hash) return before;
  const isContinued = before !== undefined && (await isSameChain(client, before, latest));

  const deployment = isContinued ? before.deployment : await ensureContract(client);
  const head = isContinued ? latest : await readBlock(client);
  const { address } = deployment;
  const contract = { abi: tipJarAbi, address } as const;
  // Of the latest state, since a node need not keep older ones: what came after `head` is in the next round's events.
  const [tips, count, totalWei, balanceWei] = await Promise.all([
    readTips(client, address, isContinued ? before.head.number + 1n : 0n, head.number),
    client.readContract({ ...contract, functionName: 'count' }),
    client.readContract({ ...contract, functionName: 'total' }),
    client.getBalance({ address }),
  ]);
  const kept = [...tips, ...(isContinued ? before.state.tips : [])].slice(0, TIPS_KEPT_MAX);
  const state = { count: Number(count), totalWei, balanceWei, height: Number(head.number), tips: kept };
  return { deployment, head, state };
}

/** Whether the last block that was read is still there, and the contract with it. */
async function isSameChain(client: ChainClient, { deployment, head }: Reading, latest: Block): Promise<boolean> {
  if (latest.number < head.number || !(await hasCode(client, deployment.address))) return false;
  return (await readBlock(client, head.number)).hash === head.hash;
}

async function readBlock(client: ChainClient, blockNumber?: bigint): Promise<Block> {
  const which = blockNumber === undefined ? ({ blockTag: 'latest' } as const) : { blockNumber };
  const { number, hash } = await client.getBlock({ ...which, includeTransactions: false });
  if (number === null || hash === null) throw new ChainError('the chain gave a block that is not mined yet');
  return { number, hash };
}

/** The last tips of the blocks `first` to `last`, latest first. */
async function readTips(client: ChainClient, address: `0x${string}`, first: bigint, last: bigint): Promise<Tip[]> {
  let tips: Tip[] = [];
  for (let fromBlock = first; fromBlock <= last; fromBlock += BLOCKS_PER_QUERY_MAX) {
    const end = fromBlock + BLOCKS_PER_QUERY_MAX - 1n;
    const query = { abi: tipJarAbi, eventName: 'Tip', address, strict: true } as const;
    const logs = await client.getContractEvents({ ...query, fromBlock, toBlock: end < last ? end : last });
    const found = logs.slice(-TIPS_KEPT_MAX).map(async ({ args, transactionHash, blockNumber, blockTimestamp }) => {
      const seconds = blockTimestamp ?? (await client.getBlock({ blockNumber })).timestamp;
      const { from, name, message, amount } = args;
      return { from, name, message, amountWei: amount, at: Number(seconds) * 1_000, transaction: transactionHash };
    });
    tips = [...tips, ...(await Promise.all(found))].slice(-TIPS_KEPT_MAX);
  }
  return tips.reverse();
}

function isDifferent(before: JarState | undefined, after: JarState): boolean {
  if (before === undefined || before.balanceWei !== after.balanceWei || before.totalWei !== after.totalWei) return true;
  return before.count !== after.count || before.tips[0]?.transaction !== after.tips[0]?.transaction;
}
