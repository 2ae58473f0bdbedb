import { OperatingError, silentLog, systemClock } from '@plumb/base';
import { createFakeClock } from '@plumb/testing';
import { expect, test } from 'vitest';
import * as v from 'valibot';
import {
  type Caller,
  connectDispatcher,
  createDispatcher,
  type Dispatcher,
  DURATION_BOUNDS_SECONDS,
  formatRpcMetrics,
  type Handlers,
  type MethodStats,
} from './index.ts';
import { MethodCounters } from './method-stats.ts';

const caller: Caller = { id: 'ana', scopes: [] };
const contract = {
  wait: { input: v.object({ code: v.optional(v.string()) }), output: v.number() },
  count: { input: v.number(), output: v.number(), stream: true },
} as const;

function serving(clock = systemClock): { dispatcher: Dispatcher; release: () => void } {
  const gate = Promise.withResolvers<void>();
  const handlers: Handlers<typeof contract> = {
    async wait({ code }) {
      if (code === 'bug') throw new Error('a bug');
      if (code !== undefined) throw new OperatingError(code as 'conflict', 'as asked for');
      await gate.promise;
      return 1;
    },
    async *count(to) {
      for (let i = 0; i < to; i += 1) yield i;
    },
  };
  const dispatcher = createDispatcher({ log: silentLog, clock });
  dispatcher.add('suite', contract, handlers);
  return { dispatcher, release: gate.resolve };
}

function statsOf({ stats }: Dispatcher, name: string): MethodStats | undefined {
  return stats().find(({ method }) => method === name);
}

test('calls are counted by how they ended, over a channel and directly', async () => {
  const { dispatcher, release } = serving();
  using connection = connectDispatcher(dispatcher, caller);
  const answer = (input: unknown): Promise<unknown> => connection.call('suite.wait', input).catch(() => undefined);
  const stop = new AbortController();
  const waiting = connection.call('suite.wait', {});
  const left = connection.call('suite.wait', {}, { signal: stop.signal }).catch(() => undefined);
  const late = connection.call('suite.wait', {}, { timeoutMs: 5 }).catch(() => undefined);
  await Promise.all([answer({ code: 'conflict' }), answer({ code: 'bug' }), answer('nonsense'), late]);
  await expect(dispatcher.call('suite.wait', { code: 'denied' }, caller)).rejects.toMatchObject({ code: 'denied' });
  expect(statsOf(dispatcher, 'suite.wait')).toMatchObject({ started: 7 });

  stop.abort();
  await left;
  release();
  expect(await waiting).toBe(1);
  expect(await dispatcher.call('suite.wait', {}, caller)).toBe(1);
  await expect
    .poll(() => statsOf(dispatcher, 'suite.wait'))
    .toMatchObject({
      started: 8,
      inFlight: 0,
      ended: { ok: 2, cancelled: 1, deadline: 1, conflict: 1, internal: 1, invalid: 1, denied: 1 },
      items: 0,
    });
  const counts = statsOf(dispatcher, 'suite.wait')?.durations.counts ?? [];
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(8);
});

test('a call is in flight until its handler has ended', async () => {
  const { dispatcher, release } = serving();
  using connection = connectDispatcher(dispatcher, caller);
  const calls = [connection.call('suite.wait', {}), dispatcher.call('suite.wait', {}, caller)];
  await expect.poll(() => statsOf(dispatcher, 'suite.wait')).toMatchObject({ started: 2, inFlight: 2, ended: {} });
  release();
  await Promise.all(calls);
  expect(statsOf(dispatcher, 'suite.wait')).toMatchObject({ inFlight: 0, ended: { ok: 2 } });
});

test('streams count their items, and one that is left is no error', async () => {
  const { dispatcher } = serving();
  using connection = connectDispatcher(dispatcher, caller);
  expect(await Array.fromAsync(connection.stream('suite.count', 3))).toHaveLength(3);
  const direct = (await dispatcher.call('suite.count', 2, caller)) as AsyncIterable<unknown>;
  expect(await Array.fromAsync(direct)).toHaveLength(2);
  for await (const _item of connection.stream('suite.count', 1_000_000)) break;
  await expect
    .poll(() => statsOf(dispatcher, 'suite.count'))
    .toMatchObject({ started: 3, inFlight: 0, ended: { ok: 2, cancelled: 1 } });
  const { items = 0, durations } = statsOf(dispatcher, 'suite.count') ?? {};
  expect(items).toBeGreaterThan(5);
  // How long somebody watches says nothing of how fast a method is.
  expect(durations).toMatchObject({ sumSeconds: 0 });
});

test('whatever names callers invent, they are counted as one', async () => {
  const { dispatcher } = serving();
  using connection = connectDispatcher(dispatcher, caller);
  for (let i = 0; i < 100; i += 1) await connection.call(`made.up-${i}`, {}).catch(() => undefined);
  expect(dispatcher.stats().at(-1)).toMatchObject({ method: 'unknown', started: 100, ended: { 'not-found': 100 } });
  expect(dispatcher.stats()).toHaveLength(dispatcher.methods().length + 1);
});

test('durations fall into buckets that double, each bound within its own', () => {
  const bucketOf = (seconds: number): number => {
    const counters = new MethodCounters();
    counters.start();
    counters.finish('ok', seconds * 1_000);
    return counters.read('x').durations.counts.indexOf(1);
  };
  expect(DURATION_BOUNDS_SECONDS[0]).toBe(0.000_05);
  expect(DURATION_BOUNDS_SECONDS.at(-1)).toBeCloseTo(52.4, 1);
  for (const [index, bound] of DURATION_BOUNDS_SECONDS.entries()) {
    expect(bucketOf(bound)).toBe(index);
    expect(bucketOf(bound * 0.75)).toBe(index);
    expect(bucketOf(bound * 1.01)).toBe(index + 1);
  }
  expect(bucketOf(0)).toBe(0);
  expect(bucketOf(1e9)).toBe(DURATION_BOUNDS_SECONDS.length);
});

test('the counters as Prometheus text', async () => {
  const clock = createFakeClock();
  const { dispatcher, release } = serving(clock);
  const call = dispatcher.call('suite.wait', {}, caller);
  await clock.advance(3);
  release();
  await call;
  dispatcher.addObject('tool', { 'odd "name"\n': () => 1 });
  await dispatcher.call('tool.odd "name"\n', [], caller);
  await dispatcher.call('nobody.there', {}, caller).catch(() => undefined);
  const text = formatRpcMetrics(dispatcher);
  const lines = text
    .split('\n')
    .filter((line) => !line.includes('_bucket{') || /le="(0.0016|0.0032|\+Inf)"/.test(line));
  expect(lines.join('\n')).toMatchInlineSnapshot(`
    "# HELP plumb_rpc_calls_total RPC calls ended.
    # TYPE plumb_rpc_calls_total counter
    plumb_rpc_calls_total{method="suite.wait",code="ok"} 1
    plumb_rpc_calls_total{method="tool.odd \\"name\\"\\n",code="ok"} 1
    plumb_rpc_calls_total{method="unknown",code="not-found"} 1
    # HELP plumb_rpc_call_duration_seconds RPC call duration. Streams are not in it.
    # TYPE plumb_rpc_call_duration_seconds histogram
    plumb_rpc_call_duration_seconds_bucket{method="suite.wait",le="0.0016"} 0
    plumb_rpc_call_duration_seconds_bucket{method="suite.wait",le="0.0032"} 1
    plumb_rpc_call_duration_seconds_bucket{method="suite.wait",le="+Inf"} 1
    plumb_rpc_call_duration_seconds_sum{method="suite.wait"} 0.003
    plumb_rpc_call_duration_seconds_count{method="suite.wait"} 1
    plumb_rpc_call_duration_seconds_bucket{method="tool.odd \\"name\\"\\n",le="0.0016"} 1
    plumb_rpc_call_duration_seconds_bucket{method="tool.odd \\"name\\"\\n",le="0.0032"} 1
    plumb_rpc_call_duration_seconds_bucket{method="tool.odd \\"name\\"\\n",le="+Inf"} 1
    plumb_rpc_call_duration_seconds_sum{method="tool.odd \\"name\\"\\n"} 0
    plumb_rpc_call_duration_seconds_count{method="tool.odd \\"name\\"\\n"} 1
    plumb_rpc_call_duration_seconds_bucket{method="unknown",le="0.0016"} 1
    plumb_rpc_call_duration_seconds_bucket{method="unknown",le="0.0032"} 1
    plumb_rpc_call_duration_seconds_bucket{method="unknown",le="+Inf"} 1
    plumb_rpc_call_duration_seconds_sum{method="unknown"} 0
    plumb_rpc_call_duration_seconds_count{method="unknown"} 1
    # HELP plumb_rpc_calls_in_flight RPC calls and streams in flight.
    # TYPE plumb_rpc_calls_in_flight gauge
    plumb_rpc_calls_in_flight{method="suite.wait"} 0
    plumb_rpc_calls_in_flight{method="tool.odd \\"name\\"\\n"} 0
    plumb_rpc_calls_in_flight{method="unknown"} 0
    "
  `);
  expect(text).not.toContain('suite.count');
});
