import type { RangeQuery } from '@plumb/kv';
import { expect } from 'vitest';
import { bytes, put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';

export function rangeTests({ kvTest }: KvSuite): void {
  kvTest('a range is read in part, in either order, sorted, counted, or without its values', async (kv, at) => {
    await kv.transact([put('a', '3'), put('c', '2'), put('d', '1')]);
    await kv.transact([put('b', '2'), put('c', '2')]);
    const check = async (query: RangeQuery, keys: string, count: number, more: boolean): Promise<void> => {
      const result = await kv.range(query);
      expect({ ...result, entries: result.entries.map(({ key }) => key).join('') }).toEqual({
        revision: at(2),
        entries: keys,
        count,
        more,
      });
    };
    await check({ start: '' }, 'abcd', 4, false);
    await check({ start: 'b' }, 'bcd', 3, false);
    await check({ start: 'a!', end: 'd' }, 'bc', 2, false);
    await check({ start: 'c', end: 'c\0' }, 'c', 1, false);
    await check({ start: 'd', end: 'b' }, '', 0, false);
    await check({ start: '', limit: 3 }, 'abc', 4, true);
    await check({ start: '', limit: 4 }, 'abcd', 4, false);
    await check({ start: '', limit: 2, order: 'descending' }, 'dc', 4, true);
    await check({ start: 'b', end: 'd', order: 'descending' }, 'cb', 2, false);
    await check({ start: '', sortBy: 'value', limit: 3 }, 'dbc', 4, true);
    await check({ start: '', sortBy: 'mod', order: 'descending', limit: 2 }, 'bc', 4, true);
    await check({ start: '', sortBy: 'version', order: 'descending', limit: 1 }, 'c', 4, true);
    await check({ start: '', sortBy: 'create', limit: 3 }, 'acd', 4, true);
    await check({ start: '', countOnly: true, limit: 1 }, '', 4, false);
    expect((await kv.range({ start: 'c', keysOnly: true, limit: 1 })).entries).toEqual([
      { key: 'c', value: bytes(''), createRevision: at(1), modRevision: at(2), version: 2 },
    ]);
  });

  kvTest('the past is read as it was', async (kv, at) => {
    await kv.transact([put('a', '1')]);
    await kv.transact([put('b', '1'), put('c', '1')]);
    await kv.transact([put('b', '2'), remove('a')]);
    await kv.transact([{ kind: 'delete-prefix', prefix: '' }]);
    const read = async (revision: number): Promise<string> => {
      const result = await kv.range({ start: '', revision });
      expect(result).toMatchObject({ revision, count: result.entries.length, more: false });
      return result.entries
        .map(({ key, value, version }) => `${key}=${Buffer.from(value).toString()}v${version}`)
        .join(' ');
    };
    expect(await read(at(1))).toBe('a=1v1');
    expect(await read(at(2))).toBe('a=1v1 b=1v1 c=1v1');
    expect(await read(at(3))).toBe('b=2v2 c=1v1');
    expect(await read(at(4))).toBe('');
    expect(await kv.range({ start: 'b', revision: at(2), limit: 1, order: 'descending' })).toMatchObject({
      count: 2,
      more: true,
      entries: [{ key: 'c' }],
    });
    await expect(kv.range({ start: '', revision: at(5) })).rejects.toMatchObject({ code: 'invalid' });
    await expect(kv.range({ start: '', revision: -1 })).rejects.toMatchObject({ code: 'invalid' });
  });
}
