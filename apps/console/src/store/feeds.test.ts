/** What runs beside the pages: streams, boards, logs, the connection. Time is a fake clock's. */
import { OperatingError, seededRandom } from '@plumb/base';
import type { Board } from '@plumb/metrics';
import { createChannelPair } from '@plumb/rpc';
import { createFakeClock, until } from '@plumb/testing';
import { signal } from '@preact/signals';
import { expect, test } from 'vitest';
import { createBoardView, followBoard } from './board-view.ts';
import { askIsSignedIn, openConsoleConnection } from './connection.ts';
import type { ConnectionState } from './console-store.ts';
import { createEvidenceFeed, followEvidence } from './evidence-feed.ts';
import { figureLegend, figureValues, HOST_FIGURES } from './figures.ts';
import { follow } from './follow.ts';
import { createLogTail, followLog } from './log-tail.ts';
import { createPanelFeed, followPanel } from './panel-feed.ts';

const newWorld = () => ({ clock: createFakeClock(), random: seededRandom(1) });
const forEver = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => stop.addEventListener('abort', () => resolve()));
const unavailable = new OperatingError('unavailable', 'the connection was lost');

test('a stream that breaks is asked for again; one that is refused is not', async () => {
  const world = newWorld();
  const stop = new AbortController();
  const items: number[] = [];
  const refusals: string[] = [];
  let count = 0;
  const done = follow({
    async *subscribe() {
      count += 1;
      yield count;
      throw count < 3 ? unavailable : new OperatingError('denied', 'no scope');
    },
    onItem: (item) => items.push(item),
    onRefused: (message) => refusals.push(message),
    signal: stop.signal,
    world,
  });
  const isDone = done.then(() => true);
  await until('the refusal', async () => (await world.clock.advance(1_000), refusals.length > 0));
  expect(await isDone).toBe(true);
  expect([items, refusals]).toEqual([[1, 2, 3], ['no scope']]);
});

test('who uses what is asked again and again, and what was shown stays while it cannot be had', async () => {
  const world = newWorld();
  const stop = new AbortController();
  const feed = createEvidenceFeed();
  let count = 0;
  const registry = {
    async usedBy() {
      count += 1;
      if (count === 2) throw unavailable;
      return [{ service: 'a', caller: 'ci', kinds: [], callers: [], firstAt: 1, lastAt: 1, count }];
    },
    async *watchDrift() {
      yield { drift: [] };
      await forEver(stop.signal);
    },
  };
  const done = followEvidence(feed, { registry }, world, stop.signal);
  const state = (): unknown => [feed.usages.value?.[0]?.count, feed.drift.value, feed.fault.value];
  await world.clock.advance(0);
  expect(state()).toEqual([1, [], undefined]);
  await world.clock.advance(4_000);
  expect(state()).toEqual([1, [], 'the connection was lost']);
  await world.clock.advance(4_000);
  expect(state()).toEqual([3, [], undefined]);
  stop.abort();
  await world.clock.advance(4_000);
  await done;
});

test('a panel joins its queries, and shows what is wrong with one beside the other', async () => {
  const stop = new AbortController();
  const feed = createPanelFeed();
  const metrics = {
    async *live({ query }: { query: string }) {
      if (query === 'wrong') throw new OperatingError('invalid', 'parse error at 1:1');
      yield { kind: 'snapshot' as const, series: [{ labels: {}, points: [[20, 1] as [number, number]] }], endAt: 20 };
      await forEver(stop.signal);
    },
  };
  const queries = [
    { query: 'right', legend: 'right' },
    { query: 'wrong', legend: 'wrong' },
  ];
  void followPanel(feed, { metrics }, { queries, grid: { windowMs: 20, stepMs: 10 }, world: newWorld() }, stop.signal);
  await until('an answer of both queries', () => feed.frame.value !== undefined && feed.fault.value !== undefined);
  expect(feed.frame.value?.series).toEqual([{ label: 'right', values: [null, null, 1] }]);
  expect(feed.fault.value).toBe('parse error at 1:1');
  stop.abort();
});

test('a board that is the same keeps its identity; one that cannot be read says why until it can', async () => {
  const world = newWorld();
  const stop = new AbortController();
  const view = createBoardView('web');
  const board = (title: string): Board => ({
    title,
    groups: [{ title: 'g', panels: [{ id: 'p', title: 'p', unit: 'none', queries: [] }] }],
  });
  const answers = [board('a'), board('a'), unavailable, board('b')];
  let reads = 0;
  const metrics = {
    async board() {
      const answer = answers[reads] ?? board('b');
      reads += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const readsTo = (count: number) =>
    until('a read', async () => (reads < count && (await world.clock.advance(15_000)), reads >= count));
  void followBoard(view, { metrics }, world, stop.signal);
  await until('the first board', () => view.board.value !== undefined);
  const first = view.board.value;
  await readsTo(2);
  await until('the second read', () => reads === 2);
  expect(view.board.value).toBe(first);
  await readsTo(3);
  await until('the fault', () => view.fault.value === 'the connection was lost');
  expect(view.board.value).toBe(first);
  await readsTo(4);
  await until('the fault to go', () => view.fault.value === undefined);
  expect(view.board.value?.title).toBe('b');
  stop.abort();
});

test('log lines come in batches, and a break does not double them', async () => {
  const world = newWorld();
  const stop = new AbortController();
  const tail = createLogTail('tipjar');
  let isBroken = false;
  const deploy = {
    async *logs() {
      for (const text of isBroken ? ['a', 'b', 'c'] : ['a', 'b'])
        yield { at: 1, unit: 'tipjar/web', stream: 'stdout' as const, line: text };
      if (!isBroken) {
        isBroken = true;
        throw unavailable;
      }
      await forEver(stop.signal);
    },
  };
  void followLog(tail, { deploy }, world, stop.signal);
  await until('the third line', async () => (await world.clock.advance(200), tail.lines.value?.at(-1)?.line === 'c'));
  expect(tail.lines.value?.map(({ line }) => line)).toEqual(['a', 'b', 'c']);
  stop.abort();
});

test('the connection is live, lost, and live again; a session that is gone is told apart', async () => {
  const world = newWorld();
  const store = { connection: signal<ConnectionState>('connecting') };
  let [near, far] = createChannelPair();
  let isSignedIn = true;
  let isDown = false;
  const connection = openConsoleConnection({
    store,
    openChannel: async () => {
      if (isDown) throw unavailable;
      return near;
    },
    isSignedIn: async () => isSignedIn,
    world,
  });
  void connection.call('x.y', {}).catch(() => undefined);
  await until('the first connection', () => store.connection.value === 'live');

  far.close();
  await until('the loss', () => store.connection.value === 'lost');
  [near, far] = createChannelPair();
  void connection.call('x.y', {}).catch(() => undefined);
  await until('the next connection', async () => (await world.clock.advance(1_000), store.connection.value === 'live'));

  isDown = true;
  isSignedIn = false;
  far.close();
  await until('the next loss', () => store.connection.value === 'lost');
  const refused = connection.call('x.y', {}, { timeoutMs: 60_000 }).catch((error: unknown) => error);
  await until(
    'the refusal of the session',
    async () => (await world.clock.advance(1_000), store.connection.value === 'signed-out'),
  );
  expect(await refused).toMatchObject({ code: 'denied' });
  connection.close();
});

test('only a 401 means signed out: a server that is away has refused nobody', async () => {
  const answer = (status: number) => askIsSignedIn(async () => ({ status }));
  expect([await answer(200), await answer(401), await answer(503)]).toEqual([true, false, true]);
  expect(await askIsSignedIn(async () => Promise.reject(new TypeError('failed to fetch')))).toBe(true);
});

test('a figure of two queries is a gap where one of them has one', () => {
  const memory = HOST_FIGURES.find(({ title }) => title === 'Memory');
  if (memory === undefined) throw new Error('there is a figure of memory');
  const series = [
    { label: figureLegend(0), values: [16, 16, null] },
    { label: figureLegend(1), values: [4, null, 8] },
  ];
  expect(figureValues(memory, { times: [1, 2, 3], series, startAt: 1, endAt: 3 })).toEqual([0.75, null, null]);
  expect(figureValues(memory, { times: [1], series: series.slice(0, 1), startAt: 1, endAt: 1 })).toEqual([null]);
  expect(figureValues(memory, undefined)).toEqual([]);
});
