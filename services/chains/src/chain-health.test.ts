import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import { type ChainLimits, type ChainObservation, type ChainTrack, observe, startTrack } from './chain-health.ts';

const LIMITS: ChainLimits = {
  chainId: 1,
  blockTimeMs: 2_000,
  stallBlocks: 5,
  lagBlocksMax: 10,
  lagMsMax: 20_000,
  reorgDepthMax: 8,
  startGraceMs: 30_000,
};

/** A node as a script drives it: `blocks` moves its head, `at` sets how old the head says it is. */
function createScript() {
  const clock = createFakeClock();
  const instant = () => ({ now: clock.now(), monotonicMs: clock.monotonicMs() });
  let track: ChainTrack = startTrack(instant());
  let height = 100;
  const states: string[] = [];
  const see = (seen: ChainObservation): string => {
    track = observe(track, seen, instant(), LIMITS);
    const { state } = track.health;
    if (states.at(-1) !== state) states.push(state);
    return state;
  };
  return {
    states,
    track: () => track,
    see,
    restart: () => {
      track = startTrack(instant());
      states.push('restart');
    },
    wait: (lengthMs: number) => clock.advance(lengthMs),
    refuse: () => see({ kind: 'unreachable', reason: 'nothing answers', isRefused: true }),
    timeOut: () => see({ kind: 'unreachable', reason: 'too slow', isRefused: false }),
    answer: (
      options: {
        blocks?: number;
        ageMs?: number;
        hash?: string;
        more?: Partial<Extract<ChainObservation, { kind: 'answered' }>>;
      } = {},
    ) => {
      const { blocks = 1, ageMs = 0, hash, more } = options;
      height += blocks;
      const head = { height, hash: hash ?? `block ${height}` };
      const deep = { height: height - LIMITS.reorgDepthMax, hash: `block ${height - LIMITS.reorgDepthMax}` };
      const none = { chainId: undefined, bestHeight: undefined, atCheckpoint: undefined };
      return see({ kind: 'answered', head, headAt: clock.now() - ageMs, deep, ...none, ...more });
    },
  };
}

test('a node with a fresh head is ready at its first answer, and says since when', async () => {
  const node = createScript();
  expect(node.refuse()).toBe('starting');
  await node.wait(400);
  expect(node.answer()).toBe('ready');
  const { sinceAt, reason } = node.track().health;
  expect(reason).toBeUndefined();
  await node.wait(2_000);
  node.answer();
  expect(node.track().health.sinceAt).toBe(sinceAt);
});

test('a node that continues an old chain is starting until its first block', async () => {
  const node = createScript();
  expect(node.answer({ blocks: 0, ageMs: 3_600_000 })).toBe('starting');
  expect(node.track().health.reason).toBe('no block came since the start: its head, block 100, is 3600 s old');
  await node.wait(2_000);
  expect(node.answer({ ageMs: 0 })).toBe('ready');
});

test('a node that catches up is progressing, never failed, then ready, and afterwards lagging', async () => {
  const node = createScript();
  node.answer({ blocks: 0, ageMs: 9_000_000 });
  for (let ageMs = 8_000_000; ageMs > 0; ageMs -= 1_000_000) {
    await node.wait(1_000);
    expect(node.answer({ blocks: 500, ageMs })).toBe('progressing');
  }
  await node.wait(1_000);
  expect(node.answer({ blocks: 500 })).toBe('ready');
  await node.wait(1_000);
  expect(node.answer({ ageMs: 60_000 })).toBe('lagging');
  expect(node.states).toEqual(['starting', 'progressing', 'ready', 'lagging']);
});

test('lagging begins at both bounds and ends at half of both', async () => {
  const node = createScript();
  const check = async (lagBlocks: number, ageMs: number, state: string): Promise<void> => {
    await node.wait(1_000);
    const bestHeight = (node.track().head?.height ?? 100) + 1 + lagBlocks;
    expect(node.answer({ ageMs, more: { bestHeight } })).toBe(state);
  };
  await check(0, 0, 'ready');
  await check(10, 19_999, 'ready');
  await check(9, 60_000, 'ready');
  await check(10, 20_000, 'lagging');
  await check(6, 10_000, 'lagging');
  await check(5, 10_001, 'lagging');
  await check(5, 10_000, 'ready');
  await check(9, 19_000, 'ready');
});

test('a head that does not move is a stall, whatever its timestamp, and two further heads end it', async () => {
  const node = createScript();
  node.answer();
  await node.wait(10_000);
  expect(node.answer({ blocks: 0, ageMs: -60_000 })).toBe('ready');
  await node.wait(1);
  expect(node.answer({ blocks: 0, ageMs: -60_000 })).toBe('stalled');
  expect(node.track().health.reason).toBe('no new block for 10 s at height 101: one is due every 2 s');
  await node.wait(2_000);
  expect(node.answer()).toBe('stalled');
  await node.wait(2_000);
  expect(node.answer()).toBe('ready');
});

test('a syncing flag alone changes nothing, and missing methods are unknown', () => {
  const node = createScript();
  expect(node.answer({ more: { bestHeight: 1_000_000 } })).toBe('ready');
  expect(node.answer({ more: { deep: undefined } })).toBe('ready');
});

test('a refused connection fails a node at once, a slow answer only when it happens again', () => {
  const node = createScript();
  node.answer();
  expect(node.timeOut()).toBe('ready');
  expect(node.answer()).toBe('ready');
  expect(node.timeOut()).toBe('ready');
  expect(node.timeOut()).toBe('failed');
  expect(node.answer()).toBe('ready');
  expect(node.refuse()).toBe('failed');
  node.restart();
  expect(node.refuse()).toBe('starting');
  expect(node.answer()).toBe('ready');
  expect(node.states).toEqual(['ready', 'failed', 'ready', 'failed', 'restart', 'starting', 'ready']);
});

test('a node that never answers fails when its time to start is over', async () => {
  const node = createScript();
  await node.wait(30_000);
  expect(node.timeOut()).toBe('starting');
  await node.wait(1);
  expect(node.timeOut()).toBe('failed');
});

test('a change below the reorg depth is a fork until the node starts anew; one above is not', () => {
  const node = createScript();
  node.answer();
  const checkpoint = node.track().checkpoint;
  expect(checkpoint).toEqual({ height: 93, hash: 'block 93' });
  expect(node.answer({ blocks: 0, hash: 'another head', more: { atCheckpoint: checkpoint } })).toBe('ready');
  expect(node.answer({ more: { atCheckpoint: { height: 93, hash: 'another past' } } })).toBe('forked');
  expect(node.answer()).toBe('forked');
  expect(node.track().health.reason).toMatch('block 93, which was final, has changed');
  node.restart();
  expect(node.answer()).toBe('ready');
  expect(node.answer({ more: { atCheckpoint: 'absent' } })).toBe('forked');
  node.restart();
  node.answer();
  expect(node.answer({ blocks: -9 })).toBe('forked');
});

test('another chain id is a fork for as long as it lasts', () => {
  const node = createScript();
  expect(node.answer({ more: { chainId: 5 } })).toBe('forked');
  expect(node.track().health.reason).toBe('it is on chain 5, not 1: see what runs on its port');
  expect(node.answer({ more: { chainId: 1 } })).toBe('ready');
});
