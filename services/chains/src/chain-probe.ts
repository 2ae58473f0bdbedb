/** Asks a node of the Ethereum family for what `chain-health.ts` judges, and keeps the track between the questions. */
import { type Clock, describeError, OperatingError } from '@plumb/base';
import type { ChainFacts, ChainProbe } from '@plumb/deploy';
import type { Health } from '@plumb/registry';
import * as v from 'valibot';
import {
  type BlockId,
  type ChainLimits,
  type ChainObservation,
  type ChainTrack,
  observe,
  startTrack,
} from './chain-health.ts';
import { callJsonRpc, type JsonRpcCall, type JsonRpcOutcome } from './json-rpc.ts';

/** A node in the same machine or rack answers these in milliseconds. */
const PROBE_TIMEOUT_MS = 1_000;

export type ChainProbeOptions = {
  readonly url: string;
  readonly kind: string;
  readonly network: string;
  readonly limits: ChainLimits;
  readonly clock: Clock;
};

/** The last check, for metrics. */
export type ChainSight = { readonly health: Health; readonly facts: ChainFacts; readonly at: number };

export type TrackedProbe = ChainProbe & { readonly last: () => ChainSight | undefined };

type Sighting = { readonly seen: ChainObservation; readonly facts: Partial<ChainFacts> };

export function createChainProbe({ url, kind, network, limits, clock }: ChainProbeOptions): TrackedProbe {
  const instant = (): { now: number; monotonicMs: number } => ({ now: clock.now(), monotonicMs: clock.monotonicMs() });
  let track = startTrack(instant());
  let last: ChainSight | undefined;
  let generation = 0;

  return {
    last: () => last,
    reset: () => {
      generation += 1;
      track = startTrack(instant());
      last = undefined;
    },
    check: async (signal) => {
      const asked = generation;
      const { seen, facts } = await look(url, track, limits, clock, signal);
      // An answer of the copy before, or of a check that was called off, says nothing of this one.
      if (asked === generation && !signal.aborted) {
        track = observe(track, seen, instant(), limits);
        last = { health: track.health, facts: { kind, network, ...facts }, at: clock.now() };
      }
      return { health: track.health, facts: { kind, network, ...facts } };
    },
  };
}

async function look(
  url: string,
  { checkpoint }: ChainTrack,
  limits: ChainLimits,
  clock: Clock,
  signal: AbortSignal,
): Promise<Sighting> {
  const options = { signal, timeoutMs: PROBE_TIMEOUT_MS };
  try {
    const questions: JsonRpcCall[] = [
      { method: 'eth_chainId', parameters: [] },
      { method: 'eth_blockNumber', parameters: [] },
      blockCall('latest'),
      { method: 'eth_syncing', parameters: [] },
      { method: 'net_peerCount', parameters: [] },
      ...(checkpoint === undefined ? [] : [blockCall(checkpoint.height)]),
    ];
    const [chainId, blockNumber, latest, syncing, peerCount, atCheckpoint] = await callJsonRpc(url, questions, options);
    const head = readBlock(latest);
    if (head === undefined || head === 'absent') return broken('it does not give its latest block: see its log');
    // A node may name a height that it cannot serve yet: only a block counts.
    const height = Math.min(readQuantity(blockNumber) ?? head.height, head.height);
    const deepHeight = Math.max(0, height - limits.reorgDepthMax);
    const isKnown = checkpoint !== undefined && checkpoint.height >= deepHeight;
    const deep = isKnown ? undefined : readBlock((await callJsonRpc(url, [blockCall(deepHeight)], options))[0]);
    const id = readQuantity(chainId);
    const peers = readQuantity(peerCount);
    return {
      seen: {
        kind: 'answered',
        head: { height, hash: head.hash },
        headAt: head.at,
        chainId: id,
        bestHeight: readBestHeight(syncing),
        atCheckpoint: readBlock(atCheckpoint),
        deep: deep === 'absent' ? undefined : deep,
      },
      facts: {
        height,
        headAgeMs: Math.max(0, clock.now() - head.at),
        ...(id === undefined ? {} : { chainId: id }),
        ...(peers === undefined ? {} : { peers }),
      },
    };
  } catch (error) {
    const isRefused = error instanceof OperatingError && error.code === 'unavailable';
    return { seen: { kind: 'unreachable', reason: describeFailure(error), isRefused }, facts: {} };
  }
}

function broken(reason: string): Sighting {
  return { seen: { kind: 'unreachable', reason, isRefused: false }, facts: {} };
}

function describeFailure(error: unknown): string {
  return error instanceof OperatingError ? error.message : describeError(error);
}

function blockCall(block: number | 'latest'): JsonRpcCall {
  const tag = block === 'latest' ? block : `0x${block.toString(16)}`;
  return { method: 'eth_getBlockByNumber', parameters: [tag, false] };
}

const quantity = v.pipe(
  v.string(),
  v.regex(/^0x[0-9a-f]{1,13}$/i),
  v.transform((text) => Number.parseInt(text, 16)),
);
const blockSchema = v.object({ number: quantity, hash: v.string(), timestamp: quantity });
const syncingSchema = v.object({ highestBlock: quantity });

function readQuantity(outcome: JsonRpcOutcome | undefined): number | undefined {
  return read(quantity, outcome);
}

/** `absent` where the node says that it has no such block; undefined where it says nothing that can be used. */
function readBlock(outcome: JsonRpcOutcome | undefined): (BlockId & { readonly at: number }) | 'absent' | undefined {
  if (outcome?.kind === 'result' && outcome.value === null) return 'absent';
  const block = read(blockSchema, outcome);
  return block === undefined ? undefined : { height: block.number, hash: block.hash, at: block.timestamp * 1_000 };
}

/** `eth_syncing` is `false`, or an object with the height that the node heard of. */
function readBestHeight(outcome: JsonRpcOutcome | undefined): number | undefined {
  return read(syncingSchema, outcome)?.highestBlock;
}

function read<T>(schema: v.GenericSchema<unknown, T>, outcome: JsonRpcOutcome | undefined): T | undefined {
  if (outcome?.kind !== 'result') return undefined;
  const parsed = v.safeParse(schema, outcome.value);
  return parsed.success ? parsed.output : undefined;
}
