/** The contract as the server sees it: how to call it, and how to have it on a chain at an address known beforehand. */
import fs from 'node:fs';
import { type Address, concatHex, encodeDeployData, getCreate2Address, type Hex, keccak256, pad, parseAbi } from 'viem';
import { type ChainClient, ChainError } from './chain-client.ts';

/** Several blocks of any development chain. */
export const RECEIPT_WAIT = { pollingInterval: 50, timeout: 15_000 } as const;

/** What the server uses of the artefact's ABI; written out because it carries the types. A test compares the two. */
export const tipJarAbi = parseAbi([
  'constructor(address owner_)',
  'function count() view returns (uint256)',
  'function total() view returns (uint256)',
  'function tip(string name, string message) payable',
  'event Tip(address indexed from, string name, string message, uint256 amount)',
]);

/** The factory that every development chain has: it deploys by CREATE2, so the address follows from the code alone. */
const FACTORY: Address = '0x4e59b44847b379578588920cA78FbF26c0B4956C';
const SALT = pad('0x', { size: 32 });

/** A chain that has the contract. */
export type Deployment = {
  readonly address: Address;
  /** Those that the node signs for, with at least one. The first owns the jar. */
  readonly accounts: readonly Address[];
};

/**
 * Finds the contract, or puts it on the chain. The same owner and artefact give the same address everywhere, so no
 * address is stored, and two servers that start together end with one contract.
 * @throws ChainError when the chain is not a development chain.
 */
export async function ensureContract(client: ChainClient): Promise<Deployment> {
  const accounts = await client.getAddresses();
  const [owner] = accounts;
  if (owner === undefined) throw new ChainError('the chain has no unlocked account: use a development chain, as anvil');
  const initCode = encodeDeployData({ abi: tipJarAbi, bytecode: readArtifact().bytecode, args: [owner] });
  const address = getCreate2Address({ from: FACTORY, salt: SALT, bytecodeHash: keccak256(initCode) });
  if (await hasCode(client, address)) return { address, accounts };
  if (!(await hasCode(client, FACTORY))) {
    throw new ChainError(`the chain has no CREATE2 factory at ${FACTORY}: start anvil with its default factory`);
  }
  const data = concatHex([SALT, initCode]);
  const hash = await client.sendTransaction({ account: owner, chain: null, to: FACTORY, data });
  await client.waitForTransactionReceipt({ hash, ...RECEIPT_WAIT });
  if (await hasCode(client, address)) return { address, accounts };
  throw new ChainError(`the contract could not be put on the chain: see transaction ${hash}`);
}

export async function hasCode(client: ChainClient, address: Address): Promise<boolean> {
  return (await client.getCode({ address })) !== undefined;
}

export function readArtifact(): { readonly abi: readonly unknown[]; readonly bytecode: Hex } {
  const file = new URL('../contracts/artifacts/TipJar.json', import.meta.url);
  return JSON.parse(fs.readFileSync(file, 'utf8')) as { abi: unknown[]; bytecode: Hex };
}
