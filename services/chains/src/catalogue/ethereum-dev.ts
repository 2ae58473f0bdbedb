import type { ChainSoftware } from './chain-software.ts';

/** A block every 2 s, so that the head moves and a stall shows, and one at once for each transaction. */
const BLOCK_TIME_MS = 2_000;
/** Anvil rewrites its whole state each time (1.7 KB a block): seldom enough to be cheap after a day, 43,200 blocks. */
const STATE_PERIOD_S = 5;

/** A private Ethereum for development: ten accounts with 10,000 ETH each that the node signs for. Not for real value. */
export const ethereumDev: ChainSoftware = {
  entry: {
    kind: 'ethereum',
    network: 'dev',
    title: 'Ethereum development chain',
    software: 'anvil',
    protocol: 'json-rpc',
    blockTimeMs: BLOCK_TIME_MS,
  },
  program: {
    name: 'anvil',
    npmPackage: '@foundry-rs/anvil',
    nativePackages: {
      'linux-x64': '@foundry-rs/anvil-linux-amd64',
      'linux-arm64': '@foundry-rs/anvil-linux-arm64',
      'darwin-x64': '@foundry-rs/anvil-darwin-amd64',
      'darwin-arm64': '@foundry-rs/anvil-darwin-arm64',
    },
    file: 'bin/anvil',
  },
  arguments: [
    '--host',
    '127.0.0.1',
    '--port',
    '{port}',
    '--block-time',
    String(BLOCK_TIME_MS / 1_000),
    '--mixed-mining',
    '--state',
    '{state}',
    '--state-interval',
    String(STATE_PERIOD_S),
    // Without it anvil keeps the state of each block, 350 KB on disk a block; logs and transactions are kept either way.
    '--prune-history',
    // A web page that a developer visits may not send transactions to it.
    '--no-cors',
    // It would print the accounts' private keys, and then each request.
    '--quiet',
  ],
  stateFile: 'state.json',
  stopGraceMs: 10_000,
  probePeriodMs: 500,
  limits: {
    chainId: 31_337,
    blockTimeMs: BLOCK_TIME_MS,
    // Below `lagMsMax`: alone in its network, a head that does not move is a stall and never a lag.
    stallBlocks: 4,
    lagBlocksMax: 5,
    lagMsMax: 10_000,
    reorgDepthMax: 64,
    startGraceMs: 30_000,
  },
};
