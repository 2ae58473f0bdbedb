import type { WatchEvent } from '@plumb/kv';
import { expect } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';

export function watchTests({ kvTest, subjectTest, options }: KvSuite): void {
  kvTest('a watch gives a snapshot, then one event for each transaction under its prefix', async (kv, at) => {
    const stop = new AbortController();
    await kv.transact([put('a/1', '1'), put('b', '1')]);
    const watch = kv.watch('a/', { signal: stop.signal })[Symbol.asyncIterator]();
    const next = async (): Promise<WatchEvent | undefined> => (await watch.next()).value;
    expect(await next()).toMatchObject({ kind: 'snapshot', revision: at(1), entries: [{ key: 'a/1' }] });
    await kv.transact([put('b', '2')]);
    await kv.transact([put('a/3', '3'), remove('a/1'), put('a/2', '2'), put('b', '3'), remove('a/none')]);
    await kv.transact([{ kind: 'delete-prefix', prefix: '' }]);
    expect(await next()).toMatchObject({
      kind: 'change',
      revision: at(3),
      puts: [{ key: 'a/2' }, { key: 'a/3', modRevision: at(3) }],
      deletes: ['a/1'],
    });
    expect(await next()).toEqual({ kind: 'change', revision: at(4), puts: [], deletes: ['a/2', 'a/3'] });
    stop.abort();
    expect(await watch.next()).toMatchObject({ done: true });
  });

  kvTest('a watch that waits ends at once when it is aborted, and when the store closes', async (kv) => {
    const stop = new AbortController();
    const [aborted, closed] = [stop, new AbortController()].map(({ signal }) => kv.watch('', { signal }));
    const ends = [aborted, closed].map(async (watch) => {
      for await (const event of watch ?? []) expect(event.kind).toBe('snapshot');
    });
    await kv.transact([]);
    stop.abort();
    await ends[0];
    await kv[Symbol.asyncDispose]();
    await ends[1];
  });

  kvTest('every watcher of a key, of a range, of a prefix and of those above it hears of a change', async (kv, at) => {
    const stop = new AbortController();
    const ranges = ['', 'a', 'a/', 'a/', 'a/b', 'a/b/c', 'b'];
    const [key, range] = [
      { start: 'a/b', end: 'a/b\0' },
      { start: 'a/b/', end: 'c' },
    ];
    const watches = [...ranges, key, range].map((watched) =>
      kv.watch(watched, { signal: stop.signal })[Symbol.asyncIterator](),
    );
    for (const watch of watches) await watch.next();
    await kv.transact([put('a/b', '1')]);
    await kv.transact([put('b', '2'), put('a/b/c', '2'), put('d', '2')]);
    const firsts = await Promise.all(watches.map(async (watch) => (await watch.next()).value));
    expect(firsts.map((event) => event?.revision)).toEqual([1, 1, 1, 1, 1, 2, 2, 1, 2].map(at));
    const countPuts = (event: WatchEvent | undefined) => (event?.kind === 'change' ? event.puts.length : undefined);
    expect(firsts.map(countPuts)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 2]);
    stop.abort();
  });

  subjectTest(
    'a watcher that falls further behind than its queue is sent a new snapshot, and goes on from there',
    async (subject) => {
      await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3 });
      const stop = new AbortController();
      const watch = kv.watch('', { signal: stop.signal })[Symbol.asyncIterator]();
      const check = async (changedKeys: readonly number[], expected: readonly string[]): Promise<void> => {
        for (const count of changedKeys) {
          await kv.transact(Array.from({ length: count }, (_, index) => put(`key/${index}`, 'text')));
        }
        await options.settle();
        const kinds: (string | undefined)[] = [];
        while (kinds.length < expected.length) kinds.push((await watch.next()).value?.kind);
        expect(kinds).toEqual(expected);
      };
      await check([1, 1, 1, 1], ['snapshot']);
      await check([1, 1, 1], ['change', 'change', 'change']);
      await check([2, 1], ['change', 'change']);
      await check([1, 1, 1, 1], ['snapshot']);
      await check([4], ['snapshot']);
      await check([3], ['change']);
      stop.abort();
      expect(await watch.next()).toMatchObject({ done: true });
    },
    ['promptWatch'],
  );
}
