import type { HistoryEvent, HistoryWatchOptions, Kv } from '@plumb/kv';
import { expect } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';

type From = Omit<HistoryWatchOptions, 'signal'>;

/** The next events of a watch as text, such as `5 +a=1 -b`. */
async function read(kv: Kv, range: string, options: From, count: number): Promise<string[]> {
  const stop = new AbortController();
  const lines: string[] = [];
  for await (const event of kv.watchFrom(range, { ...options, signal: stop.signal })) {
    lines.push(describeEvent(event));
    if (lines.length === count) stop.abort();
  }
  return lines;
}

function describeEvent(event: HistoryEvent): string {
  if (event.kind !== 'change')
    return event.kind === 'progress' ? `progress ${event.revision}` : `compacted ${event.oldestRevision}`;
  const text = (value: Uint8Array): string => Buffer.from(value).toString();
  const puts = event.puts.map(({ key, value }) => `+${key}=${text(value)}`);
  const deletes = event.deletes.map((key) => `-${key}`);
  const previous = (event.previous ?? []).map(({ key, value }) => `was ${key}=${text(value)}`);
  return [event.revision, ...puts, ...deletes, ...previous].join(' ');
}

export function historyTests({ kvTest, subjectTest }: KvSuite): void {
  kvTest('a watch from a revision gives every change since, and then goes on', async (kv, at) => {
    await kv.transact([put('a', '1')]);
    await kv.transact([put('b', '1')]);
    await kv.transact([put('a', '2'), put('c', '1')]);
    await kv.transact([remove('a')]);
    const all = [`${at(1)} +a=1`, `${at(2)} +b=1`, `${at(3)} +a=2 +c=1`, `${at(4)} -a`];
    expect(await read(kv, '', { fromRevision: at(1) }, 4)).toEqual(all);
    expect(await read(kv, '', { fromRevision: at(3) }, 2)).toEqual(all.slice(2));
    expect(await read(kv, 'a', { fromRevision: at(2), previous: true }, 2)).toEqual([
      `${at(3)} +a=2 was a=1`,
      `${at(4)} -a was a=2`,
    ]);
    const reading = read(kv, '', { fromRevision: at(4), previous: true }, 2);
    await kv.transact([put('c', '2'), put('d', '1')]);
    expect(await reading).toEqual([`${at(4)} -a was a=2`, `${at(5)} +c=2 +d=1 was c=1`]);
  });

  kvTest('a watch from a later revision waits for it', async (kv, at) => {
    const reading = read(kv, '', { fromRevision: at(3) }, 2);
    for (const text of ['1', '2', '3', '4']) await kv.transact([put('a', text)]);
    expect(await reading).toEqual([`${at(3)} +a=3`, `${at(4)} +a=4`]);
  });

  subjectTest(
    'a watch from a revision that falls behind misses nothing, and is not told of what others lost',
    async (subject) => {
      await using kv = await subject.open({ clock: createFakeClock(), watchQueueMax: 3, historyRevisionsMax: 10 });
      const base = kv.revision();
      const stop = new AbortController();
      const watch = kv.watchFrom('a', { fromRevision: base, signal: stop.signal })[Symbol.asyncIterator]();
      const check = async (counts: readonly number[]): Promise<void> => {
        for (const count of counts)
          expect((await watch.next()).value).toMatchObject({ kind: 'change', revision: base + count });
      };
      await kv.transact([put('a', '1')]);
      await check([1]);
      for (let count = 2; count <= 8; count += 1) await kv.transact([put('a', '1')]);
      await check([2, 3, 4, 5, 6, 7, 8]);
      for (let count = 9; count <= 30; count += 1) await kv.transact([put('b', '1')]);
      for (let count = 31; count <= 36; count += 1) await kv.transact([put('a', '1')]);
      await check([31, 32, 33, 34, 35, 36]);
      stop.abort();
    },
  );

  subjectTest('history goes on across a restart', async (subject) => {
    const clock = createFakeClock();
    const before = await subject.open({ clock });
    const base = before.revision();
    await before.transact([put('a', '1'), put('b', '1')]);
    await before.transact([put('a', '2'), remove('b')]);
    await before.transact([put('a', '3')]);
    await before[Symbol.asyncDispose]();
    await using after = await subject.open({ clock });
    await after.transact([remove('a')]);
    expect(await read(after, '', { fromRevision: base + 1, previous: true }, 4)).toEqual([
      `${base + 1} +a=1 +b=1`,
      `${base + 2} +a=2 -b was a=1 was b=1`,
      `${base + 3} +a=3 was a=2`,
      `${base + 4} -a was a=3`,
    ]);
    expect((await after.range({ start: '', revision: base + 1 })).entries.map(({ key }) => key)).toEqual(['a', 'b']);
  });

  // etcd-io/etcd#18089: etcd 3.4.23, for one, forgets a deletion when its own revision is compacted to.
  kvTest(
    'a deletion whose revision is compacted to is given to a watch from there',
    async (kv, at) => {
      await kv.transact([put('k', '1')]);
      await kv.transact([put('k', '2')]);
      await kv.transact([put('k', '3')]);
      await kv.transact([remove('k')]);
      await kv.transact([put('k', '5')]);
      await kv.compact(at(4));
      expect(await read(kv, 'k', { fromRevision: at(4) }, 2)).toEqual([`${at(4)} -k`, `${at(5)} +k=5`]);
    },
    ['compaction'],
  );

  // etcd-io/etcd#19179: a watch that is cut off and resumes while compaction runs misses a deletion.
  kvTest(
    'a watch that resumes at a compacted deletion, while more is compacted, gets it or is told',
    async (kv, at) => {
      for (let round = 0; round < 50; round += 1) {
        const base = at(3 * round);
        await kv.transact([put('k', 'a')]);
        await kv.transact([remove('k')]);
        await kv.transact([put('k', 'b')]);
        const reading = read(kv, 'k', { fromRevision: base + 2 }, 2);
        const compacting = kv.compact(base + (round % 2 === 0 ? 2 : 3));
        const lines = await reading;
        await compacting;
        if (lines.length === 1) expect(lines).toEqual([`compacted ${base + 3}`]);
        else expect(lines).toEqual([`${base + 2} -k`, `${base + 3} +k=b`]);
      }
    },
    ['compaction'],
  );

  kvTest(
    'what is compacted can neither be read nor watched from, and stays so',
    async (kv, at) => {
      for (const text of ['1', '2', '3', '4']) await kv.transact([put('a', text)]);
      await expect(kv.compact(at(5))).rejects.toMatchObject({ code: 'invalid' });
      await kv.compact(at(3));
      await kv.compact(at(3));
      await kv.compact(at(1));
      expect((await kv.range({ start: '', revision: at(3) })).entries).toMatchObject([{ modRevision: at(3) }]);
      await expect(kv.range({ start: '', revision: at(2) })).rejects.toMatchObject({
        code: 'not-found',
        details: { oldestRevision: at(3) },
      });
      expect(await read(kv, '', { fromRevision: at(2) }, 9)).toEqual([`compacted ${at(3)}`]);
      await kv.compact(at(4));
      expect(await read(kv, '', { fromRevision: at(4) }, 1)).toEqual([`${at(4)} +a=4`]);
      expect((await kv.range({ start: '' })).count).toBe(1);
    },
    ['compaction'],
  );

  subjectTest(
    'the history is bounded, also across restarts, and the present can always be read',
    async (subject) => {
      const options = { clock: createFakeClock(), historyRevisionsMax: 3 };
      const before = await subject.open(options);
      for (const text of ['1', '2', '3', '4', '5']) await before.transact([put('a', text)]);
      expect(await read(before, '', { fromRevision: 3 }, 3)).toEqual(['3 +a=3', '4 +a=4', '5 +a=5']);
      expect(await read(before, '', { fromRevision: 2 }, 3)).toEqual(['compacted 3']);
      await before[Symbol.asyncDispose]();
      await using after = await subject.open({ ...options, historyRevisionsMax: 100 });
      expect(await read(after, '', { fromRevision: 2 }, 3)).toEqual(['compacted 3']);
      await after.transact([put('a', '6')]);
      expect(await read(after, '', { fromRevision: 3 }, 4)).toEqual(['3 +a=3', '4 +a=4', '5 +a=5', '6 +a=6']);
    },
    ['compaction'],
  );

  subjectTest(
    'a watch says how far it is: when it has caught up, and again when the store moved on',
    async (subject) => {
      const clock = createFakeClock();
      await using kv = await subject.open({ clock });
      await kv.transact([put('a', '1')]);
      await kv.transact([put('b', '1')]);
      const stop = new AbortController();
      const watch = kv.watchFrom('a', { fromRevision: 1, progress: true, signal: stop.signal })[Symbol.asyncIterator]();
      const next = async (): Promise<string> => describeEvent((await watch.next()).value as HistoryEvent);
      expect([await next(), await next()]).toEqual(['1 +a=1', 'progress 2']);
      const waiting = next();
      await kv.transact([put('b', '2')]);
      await kv.transact([put('b', '3')]);
      await clock.advance(1_000);
      expect(await waiting).toBe('progress 4');
      const quiet = next();
      await clock.advance(5_000);
      await kv.transact([put('a', '2')]);
      expect(await quiet).toBe('5 +a=2');
      stop.abort();
    },
    ['promptWatch', 'ownRevisions'],
  );
}
