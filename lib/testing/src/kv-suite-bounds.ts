import { KEY_SIZE_BYTES_MAX, type Operation, TRANSACTION_OPERATIONS_MAX, VALUE_SIZE_BYTES_MAX } from '@plumb/kv';
import { expect } from 'vitest';
import { bytes, put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';

export function boundTests({ kvTest }: KvSuite): void {
  kvTest('beyond a bound nothing is written', async (kv, at) => {
    const check = async (operations: readonly Operation[]): Promise<void> => {
      await expect(kv.transact([put('before', '1'), ...operations])).rejects.toMatchObject({ code: 'invalid' });
      await expect(kv.transact([put('before', '1')], { otherwise: operations })).rejects.toMatchObject({
        code: 'invalid',
      });
    };
    await check([put('', '1')]);
    await check([put('k'.repeat(KEY_SIZE_BYTES_MAX + 1), '1')]);
    await check([put('é'.repeat(KEY_SIZE_BYTES_MAX / 2 + 1), '1')]);
    await check([put('\ud800', '1')]);
    await check([{ kind: 'get', key: '' }]);
    await check([{ kind: 'delete-range', start: '\ud800' }]);
    await check([{ kind: 'range', start: 'a', limit: 0 }]);
    await check([{ kind: 'put', key: 'a', value: new Uint8Array(VALUE_SIZE_BYTES_MAX + 1) }]);
    await check(Array.from({ length: TRANSACTION_OPERATIONS_MAX }, () => remove('a')));
    expect(kv.revision()).toBe(at(0));
    await kv.transact([{ kind: 'put', key: 'a', value: new Uint8Array(VALUE_SIZE_BYTES_MAX) }]);
    expect((await kv.get('a'))?.value.byteLength).toBe(VALUE_SIZE_BYTES_MAX);
  });

  kvTest(
    'a key of the greatest size is written and found',
    async (kv) => {
      const key = 'k'.repeat(KEY_SIZE_BYTES_MAX);
      await kv.transact([put(key, '1')]);
      expect(await kv.get(key)).toMatchObject({ key, value: bytes('1') });
      expect((await kv.range({ start: key, end: `${key}\0` })).count).toBe(1);
    },
    ['longKeys'],
  );

  kvTest('a refused transaction does not disturb those beside it', async (kv) => {
    const results = await Promise.allSettled([
      kv.transact([put('a', '1')]),
      kv.transact([put('b', '1'), { kind: 'put', key: 'c', value: bytes('1'), leaseId: '404' }]),
      kv.transact([put('d', '1')]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'invalid' } });
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['a', 'd']);
  });

  kvTest('closing finishes what was asked for, and then refuses', async (kv, at) => {
    const writing = kv.transact([put('a', '1')]);
    await kv[Symbol.asyncDispose]();
    expect(await writing).toMatchObject({ kind: 'committed', revision: at(1) });
    await expect(kv.transact([put('b', '1')])).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kv.get('a')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kv.list('')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(kv.range({ start: '' })).rejects.toMatchObject({ code: 'unavailable' });
    await kv[Symbol.asyncDispose]();
  });
}
