/** The connection to the chain, and its failures in words for a person. */
import {
  BaseError,
  createClient,
  http,
  HttpRequestError,
  InsufficientFundsError,
  type PublicActions,
  publicActions,
  type RpcSchema,
  TimeoutError,
  type Transport,
  type Client,
  type WalletActions,
  walletActions,
} from 'viem';

/** A local node answers in milliseconds: one that takes this long is stuck. */
const RPC_TIMEOUT_MS = 2_000;

export type ChainClient = Client<Transport, undefined, undefined, RpcSchema, PublicActions & WalletActions>;

/** The chain cannot do what was asked, now; the message says why, to a person. It never holds the chain's address. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
}

/** Does no I/O. Requests of one tick travel as one batch. */
export function createChainClient(url: string): ChainClient {
  const transport = http(url, { batch: true, retryCount: 0, timeout: RPC_TIMEOUT_MS });
  return createClient({ transport }).extend(publicActions).extend(walletActions);
}

export function describeChainError(error: unknown): string {
  if (error instanceof ChainError) return error.message;
  if (!(error instanceof BaseError)) return `the chain answered with something else than expected: ${String(error)}`;
  if (causeOf(error, TimeoutError)) return 'the chain does not answer in time: see whether its node is stuck';
  if (causeOf(error, HttpRequestError)) return 'the chain does not answer: see whether its node runs';
  if (causeOf(error, InsufficientFundsError)) return 'the account that would pay has too little ether: try again';
  return `the chain refused: ${error.shortMessage.split('\n').join(' ')}`;
}

function causeOf(error: BaseError, kind: new (...parameters: never[]) => Error): boolean {
  return error.walk((cause) => cause instanceof kind) !== null;
}
