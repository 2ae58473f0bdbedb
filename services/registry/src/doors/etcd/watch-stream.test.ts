// Tests of watches as a client sees them, on a store in memory with a clock that stands still.
import { type Kv, openMemoryKv, type Operation } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { createFakeClock, type FakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { createEtcdCore } from './etcd-core.ts';
import { EtcdError } from './etcd-error.ts';
import { Inbox } from './inbox.ts';
import { fromJson, toJson } from './json-codec.ts';
import type { Received } from './message-type.ts';
import { watchRequest, watchResponse } from './messages.ts';
import { watchMethods } from './watch-stream.ts';

type Said = Readonly<Record<string, unknown>>;
type World = AsyncDisposable & {
  readonly kv: Kv;
  readonly clock: FakeClock;
  readonly put: (key: string, value?: string) => Promise<void>;
  readonly remove: (...keys: readonly string[]) => Promise<void>;
  /** A request as JSON has it. */
  readonly ask: (request: object) => void;
  /** What was said, without headers: their revision is `at`. */
  readonly said: Said[];
  /** While it is closed, nothing that is said arrives, or no changes. */
  readonly gate: { open: () => void; close: (what?: 'everything' | 'changes') => void };
  readonly leave: () => void;
  readonly serving: Promise<void>;
};

async function openWorld(caller: Caller = { id: 'ada', scopes: ['*'] }): Promise<World> {
  const clock = createFakeClock();
  const kv = await openMemoryKv({ clock });
  const core = createEtcdCore({ kv, clock, identity: 'test', txnOperationsMax: 128 });
  const method = watchMethods(core)['/etcdserverpb.Watch/Watch'];
  if (method?.kind !== 'stream') throw new Error('watching is a stream');
  const inbox = new Inbox<Received<typeof watchRequest>>(10, () => undefined);
  const said: Said[] = [];
  const stop = new AbortController();
  let opened = Promise.withResolvers<void>();
  opened.resolve();
  let isAllHeld = true;
  const send = async (answer: object): Promise<void> => {
    if (isAllHeld || 'events' in answer) await opened.promise;
    const { header, ...rest } = toJson(watchResponse, answer) as { header: { revision?: string } };
    said.push({ at: Number(header.revision ?? 0), ...rest });
  };
  const serving = method.serve(inbox as never, send, { caller, signal: stop.signal });
  const change = async (operations: Operation[]): Promise<void> => void (await kv.transact(operations));
  return {
    kv,
    clock,
    said,
    serving,
    put: (key, value = '') => change([{ kind: 'put', key: `etcd/${key}`, value: Buffer.from(value) }]),
    remove: (...keys) => change(keys.map((key) => ({ kind: 'delete', key: `etcd/${key}` }))),
    ask: (request) => void inbox.push(fromJson(watchRequest, request)),
    gate: {
      open: () => opened.resolve(),
      close(what = 'everything') {
        opened = Promise.withResolvers();
        isAllHeld = what === 'everything';
      },
    },
    leave: () => stop.abort(),
    async [Symbol.asyncDispose]() {
      opened.resolve();
      stop.abort();
      await serving.catch(() => undefined);
      await kv[Symbol.asyncDispose]();
    },
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const EVERYTHING = { key: base64('\0'), range_end: base64('\0') };
const text = (bytes: unknown): string => Buffer.from(typeof bytes === 'string' ? bytes : '', 'base64').toString();

/** Every change that was said: `a=1@2` and `a gone@3`. */
function changes({ said }: World): string[] {
  const events = said.flatMap((one) => (one['events'] ?? []) as { type?: string; kv: Said }[]);
  return events.map(({ type, kv }) => {
    const what = type === 'DELETE' ? `${text(kv['key'])} gone` : `${text(kv['key'])}=${text(kv['value'])}`;
    return `${what}@${String(kv['mod_revision'])}`;
  });
}

test('a watch is confirmed, then says what comes after, and every answer has the revision to go on from', async () => {
  await using world = await openWorld();
  await world.put('a', '1');
  world.ask({ create_request: { key: base64('a') } });
  await until('confirmed', () => world.said.length === 1);
  await world.put('b', 'x');
  await world.put('a', '2');
  await world.remove('a');
  await until('told', () => world.said.length === 3);
  expect(world.said[0]).toEqual({ at: 1, created: true });
  expect(world.said.map(({ at }) => at)).toEqual([1, 3, 4]);
  expect(changes(world)).toEqual(['a=2@3', 'a gone@4']);
});

test('a watch from the past has everything since, with what was there before, and filters leave out kinds', async () => {
  await using world = await openWorld();
  await world.put('a', '1');
  await world.put('a', '2');
  await world.remove('a');
  world.ask({ create_request: { key: base64('a'), start_revision: 1, prev_kv: true, watch_id: 7 } });
  world.ask({ create_request: { key: base64('a'), start_revision: 1, filters: ['NOPUT'] } });
  world.ask({ create_request: { key: base64('a'), start_revision: 1, filters: ['NODELETE'] } });
  await until('told', () => changes(world).length === 6);
  const of = (id: string | undefined): Said[] => world.said.filter((one) => one['watch_id'] === id && 'events' in one);
  expect(
    of('7').flatMap(({ events }) => (events as { prev_kv?: Said }[]).map((one) => text(one.prev_kv?.['value']))),
  ).toEqual(['', '1', '2']);
  expect(of(undefined)).toHaveLength(1);
  expect(of('1')).toHaveLength(2);
});

test('a delete that is the oldest revision kept is told (etcd-io/etcd#18089)', async () => {
  await using world = await openWorld();
  for (const value of ['1', '2', '3']) await world.put('a', value);
  await world.remove('a'); // Revision 4.
  await world.put('a', '4');
  await world.kv.compact(4);
  world.ask({ create_request: { key: base64('a'), start_revision: 4, prev_kv: true } });
  await until('told', () => changes(world).length === 2);
  expect(changes(world)).toEqual(['a gone@4', 'a=4@5']);
});

test('deletes of one revision are all told by a watch that begins there, compacted to it meanwhile (etcd-io/etcd#19179)', async () => {
  await using world = await openWorld();
  await world.put('a', '1');
  await world.put('b', '1');
  await world.put('c', '1');
  await world.remove('a', 'b'); // Revision 4.
  await world.remove('c');
  world.gate.close();
  world.ask({ create_request: { ...EVERYTHING, start_revision: 4 } });
  await world.kv.compact(4);
  world.gate.open();
  await until('told', () => changes(world).length === 3);
  expect(changes(world)).toEqual(['a gone@4', 'b gone@4', 'c gone@5']);
});

test('a watch from what is compacted is confirmed, then cancelled with the oldest revision', async () => {
  await using world = await openWorld();
  for (const value of ['1', '2', '3']) await world.put('a', value);
  await world.kv.compact(3);
  world.ask({ create_request: { key: base64('a'), start_revision: 2 } });
  await until('told', () => world.said.length === 2);
  expect(world.said).toEqual([
    { at: 3, created: true },
    {
      at: 3,
      canceled: true,
      compact_revision: '3',
      cancel_reason: 'etcdserver: mvcc: required revision has been compacted',
    },
  ]);
  // Its number is free again.
  world.ask({ create_request: { key: base64('a'), watch_id: 0 } });
  await until('another', () => world.said.length === 3);
});

test('a watch from the future waits for it', async () => {
  await using world = await openWorld();
  world.ask({ create_request: { ...EVERYTHING, start_revision: 3 } });
  await until('confirmed', () => world.said.length === 1);
  for (const value of ['1', '2', '3', '4']) await world.put('a', value);
  await until('told', () => changes(world).length === 2);
  expect(changes(world)).toEqual(['a=3@3', 'a=4@4']);
});

test('a cancelled watch is silent, and the others go on', async () => {
  await using world = await openWorld();
  world.ask({ create_request: { key: base64('a') } });
  world.ask({ create_request: { key: base64('b') } });
  await until('confirmed', () => world.said.length === 2);
  world.gate.close('changes');
  await world.put('a', '1');
  world.ask({ cancel_request: { watch_id: 0 } });
  await world.clock.advance(0);
  world.gate.open();
  await until('cancelled', () => world.said.length === 4);
  // What was on its way arrives before.
  expect(world.said.slice(2)).toMatchObject([{ events: [{}] }, { at: 1, canceled: true }]);
  await world.put('a', '2');
  await world.put('b', '1');
  await until('told', () => changes(world).length === 2);
  expect(changes(world)).toEqual(['a=1@1', 'b=1@3']);
  world.ask({ cancel_request: { watch_id: 0 } });
  world.ask({ create_request: { key: base64('c'), watch_id: 1 } });
  await until('refused', () => world.said.at(-1)?.['canceled'] === true && world.said.length === 6);
  expect(world.said.at(-1)).toMatchObject({
    watch_id: '-1',
    created: true,
    cancel_reason: expect.stringContaining('duplicate watch ID'),
  });
});

test('progress is told when every watch of the stream has told all up to it, and not before', async () => {
  await using world = await openWorld();
  world.ask({ create_request: { key: base64('a') } });
  world.ask({ create_request: { key: base64('b') } });
  await until('confirmed', () => world.said.length === 2);
  await world.put('other', 'x');
  world.ask({ progress_request: {} });
  await until('told', () => world.said.length === 3);
  expect(world.said[2]).toEqual({ at: 1, watch_id: '-1' });

  world.gate.close('changes');
  await world.put('a', '1');
  await world.put('b', '1');
  world.ask({ progress_request: {} });
  await world.clock.advance(0);
  expect(world.said).toHaveLength(3);
  world.gate.open();
  await until('told', () => world.said.length === 6);
  expect(changes(world).toSorted()).toEqual(['a=1@2', 'b=1@3']);
  expect(world.said[5]).toEqual({ at: 3, watch_id: '-1' });
  world.ask({ progress_request: {} });
  await until('told at once', () => world.said.length === 7);
});

test('who asked for it hears how far it is while nothing happens to its keys', async () => {
  await using world = await openWorld();
  world.ask({ create_request: { key: base64('a'), progress_notify: true } });
  await until('told where it is', () => world.said.length === 2);
  await world.put('other', '1');
  await world.clock.advance(1_000);
  await until('told that it went on', () => world.said.length === 3);
  expect(world.said.map(({ at }) => at)).toEqual([0, 0, 1]);
  expect(changes(world)).toEqual([]);
});

test('a slow reader misses nothing, or is told that it did', async () => {
  await using world = await openWorld();
  world.ask({ create_request: EVERYTHING });
  await until('confirmed', () => world.said.length === 1);
  world.gate.close();
  // More than a watch of the store holds back for its reader.
  const count = 5_000;
  await Promise.all(Array.from({ length: count }, (_, i) => world.put(`k${i % 10}`, String(i))));
  world.gate.open();
  await until('all', () => changes(world).length === count);
  expect(world.said.slice(1).map(({ at }) => at)).toEqual(Array.from({ length: count }, (_, i) => i + 1));

  world.gate.close();
  await Promise.all(Array.from({ length: count }, (_, i) => world.put('a', String(i))));
  await world.kv.compact(2 * count);
  world.gate.open();
  await until('told', () => world.said.at(-1)?.['canceled'] === true);
  expect(world.said.at(-1)).toMatchObject({ compact_revision: String(2 * count) });
});

test('a transaction is one answer, or pieces of it for who wants pieces', async () => {
  await using world = await openWorld();
  world.ask({ create_request: { ...EVERYTHING, fragment: true } });
  world.ask({ create_request: EVERYTHING });
  await until('confirmed', () => world.said.length === 2);
  const value = Buffer.alloc(700_000);
  await world.kv.transact(['a', 'b', 'c'].map((key) => ({ kind: 'put', key: `etcd/${key}`, value })));
  await until('told', () => world.said.length === 6);
  const piecesOf = (id: string | undefined): unknown[] =>
    world.said
      .slice(2)
      .filter(({ watch_id }) => watch_id === id)
      .map(({ fragment = false, events }) => [fragment, (events as unknown[]).length]);
  expect(piecesOf(undefined)).toEqual([
    [true, 1],
    [true, 1],
    [false, 1],
  ]);
  expect(piecesOf('1')).toEqual([[false, 3]]);
});

test('a watch beyond the scopes of its caller is refused, one within them is not', async () => {
  await using world = await openWorld({ id: 'web', scopes: ['etcd:read:app/'] });
  world.ask({ create_request: EVERYTHING });
  world.ask({ create_request: { key: base64('app/'), range_end: base64('app0') } });
  await until('answered', () => world.said.length === 2);
  expect(world.said[0]).toMatchObject({
    created: true,
    canceled: true,
    cancel_reason: 'etcdserver: permission denied',
  });
  expect(world.said[1]).toEqual({ at: 0, created: true });
});

test('the stream ends with its caller, and with an error when the store closes', async () => {
  await using world = await openWorld();
  world.ask({ create_request: EVERYTHING });
  await until('confirmed', () => world.said.length === 1);
  await world.kv[Symbol.asyncDispose]();
  await expect(world.serving).rejects.toThrow(EtcdError);

  await using other = await openWorld();
  other.leave();
  await other.serving;
});
