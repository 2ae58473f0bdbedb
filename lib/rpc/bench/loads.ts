/** The loads that every peer is put under, in the calling process. Each answer is checked. */
import assert from 'node:assert/strict';
import type { BenchClient } from './peers/peer.ts';
import { checkNumber, checkValue, createBenchValue, createPayload, hashOf } from './bench-value.ts';

/** Calls at a time. */
export const IN_FLIGHT = 64;
/** Payloads at a time: enough that neither side waits for the other. */
const PAYLOADS_IN_FLIGHT = 4;

const payload = createPayload();

/** `oneByOne` calls, `inFlight` at a time, over CURVE, items of a stream, calls beside a stream, payloads of 1 MiB. */
export type LoadName = 'oneByOne' | 'inFlight' | 'sealed' | 'stream' | 'besideStream' | 'payload';

export type Measured = {
  readonly count: number;
  readonly tookMs: number;
  /** Of this process. */
  readonly cpuUs: number;
  /** Of a call, where calls are made one after another. */
  readonly latencyUs: { readonly p50: number; readonly p99: number };
};

export type LoadOptions = { readonly periodMs: number; readonly streamItems: number };

/** Answers a hash of what came back, which is the same for every peer, after a look at every part of it. */
export async function proveAnswers(client: BenchClient): Promise<string> {
  const hashes = [checkValue(await client.call(createBenchValue(7)), 7)];
  const bytes = await client.echoBytes(payload);
  assert.equal(bytes.length, payload.length);
  hashes.push(hashOf(bytes));
  return hashOf(hashes.join());
}

export async function runLoad(client: BenchClient, load: LoadName, options: LoadOptions): Promise<Measured> {
  const endMs = performance.now() + options.periodMs;
  const isOver = (): boolean => performance.now() >= endMs;
  const latenciesUs: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const count = await countOf(client, load, { isOver, latenciesUs, ...options });
  const tookMs = performance.now() - startMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const sorted = latenciesUs.sort((a, b) => a - b);
  const rank = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { count, tookMs, cpuUs: user + system, latencyUs: { p50: rank(0.5), p99: rank(0.99) } };
}

type Run = { readonly isOver: () => boolean; readonly latenciesUs: number[]; readonly streamItems: number };

async function countOf(client: BenchClient, load: LoadName, run: Run): Promise<number> {
  switch (load) {
    case 'oneByOne':
      return callInTurn(client, run);
    case 'inFlight':
    case 'sealed':
      return sumOf(IN_FLIGHT, (lane) => callInLane(client, lane, run));
    case 'stream':
      return readStreams(client, run);
    case 'besideStream': {
      const [count] = await Promise.all([callInTurn(client, run), readStreams(client, run)]);
      return count;
    }
    case 'payload':
      return sumOf(PAYLOADS_IN_FLIGHT, () => echoPayloads(client, run));
  }
}

async function callInTurn(client: BenchClient, { isOver, latenciesUs }: Run): Promise<number> {
  let count = 0;
  for (; !isOver() || count === 0; count += 1) {
    const startedMs = performance.now();
    const answer = await client.call(createBenchValue(count));
    latenciesUs.push((performance.now() - startedMs) * 1_000);
    checkNumber(answer, count);
  }
  return count;
}

async function callInLane(client: BenchClient, lane: number, { isOver }: Run): Promise<number> {
  let count = 0;
  for (; !isOver(); count += 1) {
    const number = count * IN_FLIGHT + lane;
    checkNumber(await client.call(createBenchValue(number)), number);
  }
  return count;
}

async function readStreams(client: BenchClient, { isOver, streamItems }: Run): Promise<number> {
  assert(client.items !== undefined, 'this peer has streams');
  let count = 0;
  while (!isOver()) {
    let number = 0;
    for await (const item of client.items(streamItems)) {
      checkNumber(item, number);
      number += 1;
    }
    assert.equal(number, streamItems, 'the whole stream comes');
    count += number;
  }
  return count;
}

async function echoPayloads(client: BenchClient, { isOver }: Run): Promise<number> {
  const middle = payload.length >> 1;
  let count = 0;
  do {
    const bytes = await client.echoBytes(payload);
    if (bytes.length !== payload.length || bytes[middle] !== payload[middle]) throw new Error('a payload was changed');
    count += 1;
  } while (!isOver());
  return count;
}

async function sumOf(lanes: number, work: (lane: number) => Promise<number>): Promise<number> {
  const counts = await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
  return counts.reduce((sum, count) => sum + count, 0);
}
