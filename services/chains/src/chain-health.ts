/**
 * The health of a chain node as a pure state machine: an observation and a time in, a state out. No socket, no clock.
 *
 * What a node says of itself is never enough. The head is judged by whether it moves, as seen from here; how far the
 * node is behind by its head's age *and* by blocks; `eth_syncing` only gives the best known height. What a node cannot
 * tell (a method that it lacks) is unknown, not unhealthy.
 *
 * Hysteresis: `lagging` begins at `lagBlocksMax` and `lagMsMax`, both, and ends at half of both; `stalled` begins when the
 * head has not moved for `stallBlocks` block times and ends at the second head after that; `forked` ends only with a
 * new start, except where the chain id was wrong.
 */
import type { Health, HealthState } from '@plumb/registry';

export type ChainLimits = {
  readonly chainId: number;
  readonly blockTimeMs: number;
  readonly stallBlocks: number;
  readonly lagBlocksMax: number;
  readonly lagMsMax: number;
  /** Blocks that a chain may take back. A change below is a fork. */
  readonly reorgDepthMax: number;
  /** From a start until a node that never answered counts as failed. */
  readonly startGraceMs: number;
};

export type BlockId = { readonly height: number; readonly hash: string };

export type ChainObservation =
  /** `isRefused`: nothing listens there, which needs no second look. */
  | { readonly kind: 'unreachable'; readonly reason: string; readonly isRefused: boolean }
  | {
      readonly kind: 'answered';
      readonly head: BlockId;
      /** Epoch ms that the head carries. */
      readonly headAt: number;
      readonly chainId: number | undefined;
      /** The height that the node says it syncs to. */
      readonly bestHeight: number | undefined;
      /** What is now at the height of the track's checkpoint; undefined where that was not asked. */
      readonly atCheckpoint: BlockId | 'absent' | undefined;
      /** The block `reorgDepthMax` below the head, or the first. */
      readonly deep: BlockId | undefined;
    };

export type Instant = { readonly now: number; readonly monotonicMs: number };

/** All that is remembered between observations. Plain data. */
export type ChainTrack = {
  readonly health: Health;
  readonly startedMs: number;
  readonly failures: number;
  readonly hasAnswered: boolean;
  readonly wasReady: boolean;
  readonly isBehind: boolean;
  readonly isForked: boolean;
  readonly head: BlockId | undefined;
  /** When the present head was first seen, and how many heads came since the start and since the last stall. */
  readonly headSeenMs: number;
  readonly moves: number;
  readonly movesSinceStall: number;
  /** A block that may not change any more. */
  readonly checkpoint: BlockId | undefined;
};

/** Answers that may fail in a row before the node counts as failed: one is lost on a busy machine. */
const FAILURES_MAX = 2;
/** Heads that must follow a stall before it is over. */
const MOVES_AFTER_STALL = 2;

export function startTrack({ now, monotonicMs }: Instant): ChainTrack {
  return {
    health: { state: 'starting', reason: 'the node was started', sinceAt: now },
    startedMs: monotonicMs,
    failures: 0,
    hasAnswered: false,
    wasReady: false,
    isBehind: false,
    isForked: false,
    head: undefined,
    headSeenMs: monotonicMs,
    moves: 0,
    movesSinceStall: MOVES_AFTER_STALL,
    checkpoint: undefined,
  };
}

export function observe(track: ChainTrack, seen: ChainObservation, at: Instant, limits: ChainLimits): ChainTrack {
  if (seen.kind === 'unreachable') return observeFailure(track, seen, at, limits);
  const headAgeMs = Math.max(0, at.now - seen.headAt);
  const hasMoved = track.head !== undefined && track.head.hash !== seen.head.hash;
  const headSeenMs = hasMoved || track.head === undefined ? at.monotonicMs : track.headSeenMs;
  const isStuck = at.monotonicMs - headSeenMs > limits.stallBlocks * limits.blockTimeMs;
  const isForked = track.isForked || hasForked(track.checkpoint, seen);
  const next: ChainTrack = {
    ...track,
    failures: 0,
    hasAnswered: true,
    isForked,
    isBehind: isBehindNow(track.isBehind, lagOf(seen, headAgeMs, limits), limits),
    head: seen.head,
    headSeenMs,
    moves: track.moves + (hasMoved ? 1 : 0),
    movesSinceStall: isStuck ? 0 : track.movesSinceStall + (hasMoved ? 1 : 0),
    checkpoint: isForked ? track.checkpoint : higher(track.checkpoint, seen.deep),
  };
  const [state, reason] = judge(next, seen, at, limits);
  return enter({ ...next, wasReady: next.wasReady || state === 'ready' }, state, reason, at);
}

function judge(track: ChainTrack, seen: Answered, at: Instant, limits: ChainLimits): [HealthState, string | undefined] {
  const { chainId, head } = seen;
  if (chainId !== undefined && chainId !== limits.chainId) {
    return ['forked', `it is on chain ${chainId}, not ${limits.chainId}: see what runs on its port`];
  }
  if (track.isForked) {
    const height = track.checkpoint?.height ?? 0;
    return ['forked', `block ${height}, which was final, has changed or gone: restart it, or restore its data`];
  }
  if (track.movesSinceStall < MOVES_AFTER_STALL) {
    const seconds = Math.round((at.monotonicMs - track.headSeenMs) / 1_000);
    const block = `no new block for ${seconds} s at height ${head.height}`;
    return ['stalled', `${block}: one is due every ${limits.blockTimeMs / 1_000} s`];
  }
  if (!track.isBehind) return ['ready', undefined];
  const age = `its head, block ${head.height}, is ${Math.round(Math.max(0, at.now - seen.headAt) / 1_000)} s old`;
  if (track.wasReady) return ['lagging', age];
  return track.moves > 0
    ? ['progressing', `it is catching up: ${age}`]
    : ['starting', `no block came since the start: ${age}`];
}

type Answered = Extract<ChainObservation, { kind: 'answered' }>;
type Lag = { readonly blocks: number; readonly lengthMs: number };

function observeFailure(
  track: ChainTrack,
  seen: Extract<ChainObservation, { kind: 'unreachable' }>,
  at: Instant,
  limits: ChainLimits,
): ChainTrack {
  const next = { ...track, failures: track.failures + 1 };
  if (!track.hasAnswered) {
    const isOverdue = at.monotonicMs - track.startedMs > limits.startGraceMs;
    return enter(next, isOverdue ? 'failed' : 'starting', seen.reason, at);
  }
  return seen.isRefused || next.failures >= FAILURES_MAX ? enter(next, 'failed', seen.reason, at) : next;
}

/** How far behind: by the best height that is known, or by how many blocks fit into the head's age. */
function lagOf({ head, bestHeight }: Answered, headAgeMs: number, { blockTimeMs }: ChainLimits): Lag {
  const byAge = Math.floor(headAgeMs / blockTimeMs);
  const blocks = bestHeight === undefined || bestHeight <= head.height ? byAge : bestHeight - head.height;
  return { blocks, lengthMs: headAgeMs };
}

function isBehindNow(isBehind: boolean, lag: Lag, { lagBlocksMax, lagMsMax }: ChainLimits): boolean {
  if (lag.blocks >= lagBlocksMax && lag.lengthMs >= lagMsMax) return true;
  if (lag.blocks <= lagBlocksMax / 2 && lag.lengthMs <= lagMsMax / 2) return false;
  return isBehind;
}

function hasForked(checkpoint: BlockId | undefined, { head, atCheckpoint }: Answered): boolean {
  if (checkpoint === undefined) return false;
  if (head.height < checkpoint.height || atCheckpoint === 'absent') return true;
  return atCheckpoint !== undefined && atCheckpoint.hash !== checkpoint.hash;
}

function higher(checkpoint: BlockId | undefined, deep: BlockId | undefined): BlockId | undefined {
  if (checkpoint === undefined || deep === undefined) return checkpoint ?? deep;
  return deep.height > checkpoint.height ? deep : checkpoint;
}

/** A state keeps the time at which it began; its reason may change with the numbers in it. */
function enter(track: ChainTrack, state: HealthState, reason: string | undefined, { now }: Instant): ChainTrack {
  const sinceAt = track.health.state === state ? track.health.sinceAt : now;
  return { ...track, health: { state, sinceAt, ...(reason === undefined ? {} : { reason }) } };
}
