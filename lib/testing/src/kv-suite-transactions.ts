import { expect } from 'vitest';
import { bytes, leased, put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';

export function transactionTests({ kvTest }: KvSuite): void {
  kvTest('an empty store has nothing', async (kv, at) => {
    expect(kv.revision()).toBe(at(0));
    expect(await kv.get('a')).toBeUndefined();
    expect(await kv.list('')).toEqual({ revision: at(0), entries: [] });
  });

  kvTest('an empty store is at revision 0', async (kv) => expect(kv.revision()).toBe(0), ['ownRevisions']);

  kvTest(
    'an entry knows the revisions of its creation and of its last change, and how often it was put',
    async (kv, at) => {
      expect(await kv.transact([put('a', 'one')])).toMatchObject({ kind: 'committed', revision: at(1) });
      await kv.transact([put('b', 'other')]);
      await kv.transact([put('a', 'two')]);
      const entry = { key: 'a', value: bytes('two'), createRevision: at(1), modRevision: at(3), version: 2 };
      expect(await kv.get('a')).toEqual(entry);
      await kv.transact([remove('a')]);
      expect(await kv.get('a')).toBeUndefined();
      await kv.transact([put('a', 'three')]);
      expect(await kv.get('a')).toMatchObject({ createRevision: at(5), modRevision: at(5), version: 1 });
      expect(kv.revision()).toBe(at(5));
    },
  );

  kvTest('a transaction that changes nothing keeps the revision', async (kv, at) => {
    await kv.transact([put('a', '1')]);
    expect(await kv.transact([])).toEqual({ kind: 'committed', revision: at(1), succeeded: true, responses: [] });
    expect(await kv.transact([remove('b'), { kind: 'delete-prefix', prefix: 'c' }])).toMatchObject({ revision: at(1) });
    expect(await kv.transact([{ kind: 'get', key: 'a' }])).toMatchObject({ revision: at(1) });
  });

  kvTest(
    'operations apply in order, and a prefix takes with it what was put before it',
    async (kv, at) => {
      await kv.transact([put('a/1', '1'), put('a/2', '2'), put('b', '3')]);
      expect(await kv.transact([put('c', '1'), remove('c')])).toMatchObject({ revision: at(1) });
      await kv.transact([put('a/3', '4'), { kind: 'delete-prefix', prefix: 'a/' }, put('a/2', '5'), remove('b')]);
      expect((await kv.list('')).entries).toEqual([
        { key: 'a/2', value: bytes('5'), createRevision: at(2), modRevision: at(2), version: 1 },
      ]);
      await kv.transact([put('a/2', '6'), put('a/2', '7')]);
      expect(await kv.get('a/2')).toMatchObject({ value: bytes('7'), version: 2 });
    },
    ['overlap'],
  );

  kvTest('a put can keep the value or the lease of a key that is there', async (kv, at) => {
    const { leaseId } = await kv.grantLease(60_000);
    await kv.transact([{ kind: 'put', key: 'a', value: bytes('1'), leaseId }]);
    await kv.transact([{ kind: 'put', key: 'a', value: bytes('2'), keeps: ['lease'] }]);
    expect(await kv.get('a')).toMatchObject({ value: bytes('2'), leaseId, modRevision: at(2), version: 2 });
    await kv.transact([{ kind: 'put', key: 'a', value: bytes(''), keeps: ['value'] }]);
    expect(await kv.get('a')).toEqual({
      key: 'a',
      value: bytes('2'),
      createRevision: at(1),
      modRevision: at(3),
      version: 3,
    });
    const keeping = kv.transact([{ kind: 'put', key: 'b', value: bytes(''), keeps: ['value', 'lease'] }]);
    await expect(keeping).rejects.toMatchObject({ code: 'not-found' });
    expect(kv.revision()).toBe(at(3));
  });

  kvTest('each operation answers, and sees what those before it did', async (kv, at) => {
    await kv.transact([put('a', '1'), put('b', '1'), put('c/1', '1'), put('c/2', '1')]);
    const result = await kv.transact([
      { kind: 'get', key: 'a' },
      { ...put('a', '2'), previous: true } as never,
      put('d', '1'),
      { kind: 'get', key: 'a' },
      { kind: 'delete', key: 'b', previous: true },
      { kind: 'delete', key: 'none', previous: true },
      { kind: 'delete-range', start: 'c/', end: 'c0', previous: true },
      { kind: 'range', start: 'a', keysOnly: true },
    ]);
    const old = { value: bytes('1'), createRevision: at(1), modRevision: at(1), version: 1 };
    const changed = { value: bytes('2'), createRevision: at(1), modRevision: at(2), version: 2 };
    const made = { value: bytes(''), createRevision: at(2), modRevision: at(2), version: 1 };
    expect(result).toEqual({
      kind: 'committed',
      revision: at(2),
      succeeded: true,
      responses: [
        { kind: 'get', entry: { key: 'a', ...old } },
        { kind: 'put', previous: { key: 'a', ...old } },
        { kind: 'put' },
        { kind: 'get', entry: { key: 'a', ...changed } },
        { kind: 'delete', count: 1, previous: [{ key: 'b', ...old }] },
        { kind: 'delete', count: 0, previous: [] },
        {
          kind: 'delete',
          count: 2,
          previous: [
            { key: 'c/1', ...old },
            { key: 'c/2', ...old },
          ],
        },
        {
          kind: 'range',
          count: 2,
          more: false,
          entries: [
            { key: 'a', ...changed, value: bytes('') },
            { key: 'd', ...made },
          ],
        },
      ],
    });
  });

  kvTest('conditions are checked before anything is changed; 0 stands for an absent key', async (kv, at) => {
    await kv.transact([put('a', '1')]);
    const conflict = await kv.transact([put('b', '2'), remove('a')], {
      compare: [
        { key: 'c', modRevision: 0 },
        { key: 'a', modRevision: at(6) },
      ],
    });
    expect(conflict).toMatchObject({ kind: 'conflict', key: 'a', current: { key: 'a', modRevision: at(1) } });
    expect(await kv.transact([], { compare: [{ key: 'b', modRevision: at(1) }] })).toEqual({
      kind: 'conflict',
      key: 'b',
      current: undefined,
    });
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['a']);
    expect(await kv.transact([remove('a')], { compare: [{ key: 'a', modRevision: at(1) }] })).toMatchObject({
      revision: at(2),
    });
  });

  kvTest('when a condition does not hold, what is to be done otherwise is done', async (kv, at) => {
    const lock = (holder: string) =>
      kv.transact([put('lock', holder)], {
        compare: [{ key: 'lock', target: 'create', operator: '=', value: 0 }],
        otherwise: [{ kind: 'get', key: 'lock' }, put('tries', holder)],
      });
    expect(await lock('one')).toEqual({
      kind: 'committed',
      revision: at(1),
      succeeded: true,
      responses: [{ kind: 'put' }],
    });
    expect(await lock('two')).toMatchObject({
      kind: 'committed',
      revision: at(2),
      succeeded: false,
      responses: [{ kind: 'get', entry: { value: bytes('one') } }, { kind: 'put' }],
    });
    expect((await kv.get('tries'))?.value).toEqual(bytes('two'));
  });

  kvTest('of many who change the same revision at once, one wins', async (kv, at) => {
    await kv.transact([put('n', '0')]);
    const tries = Array.from({ length: 20 }, (_, i) =>
      kv.transact([put('n', String(i))], { compare: [{ key: 'n', modRevision: at(1) }] }),
    );
    const kinds = (await Promise.all(tries)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'committed')).toHaveLength(1);
    expect(kv.revision()).toBe(at(2));
  });

  kvTest('conditions can be on what a key holds, and over a range', async (kv, at) => {
    const { leaseId } = await kv.grantLease(60_000);
    await kv.transact([put('a/1', 'b'), leased('a/2', leaseId)]);
    await kv.transact([put('a/1', 'b')]);
    const check = async (holds: boolean, condition: object): Promise<void> => {
      const result = await kv.transact([], { compare: [condition as never] });
      expect(result.kind, JSON.stringify(condition)).toBe(holds ? 'committed' : 'conflict');
    };
    const [key, absent, range, empty] = [
      { key: 'a/1' },
      { key: 'x' },
      { range: { start: 'a/', end: 'a0' } },
      { range: { start: 'x' } },
    ];
    await check(true, { ...key, target: 'value', operator: '=', value: bytes('b') });
    await check(true, { ...key, target: 'value', operator: '<', value: bytes('ba') });
    await check(false, { ...key, target: 'value', operator: '>', value: bytes('b') });
    await check(false, { ...absent, target: 'value', operator: '!=', value: bytes('b') });
    await check(true, { ...key, target: 'version', operator: '=', value: 2 });
    await check(true, { ...absent, target: 'version', operator: '=', value: 0 });
    await check(true, { ...key, target: 'create', operator: '=', value: at(1) });
    await check(true, { ...key, target: 'mod', operator: '>', value: at(1) });
    await check(false, { ...key, target: 'mod', operator: '!=', value: at(2) });
    await check(true, { key: 'a/2', target: 'lease', operator: '=', value: leaseId });
    await check(false, { ...key, target: 'lease', operator: '=', value: leaseId });
    await check(true, { ...key, target: 'lease', operator: '=', value: '' });
    await check(true, { ...range, target: 'create', operator: '=', value: at(1) });
    await check(false, { ...range, target: 'version', operator: '=', value: 1 });
    await check(true, { ...empty, target: 'version', operator: '=', value: 0 });
    await check(false, { ...empty, target: 'value', operator: '!=', value: bytes('b') });
    expect(
      await kv.transact([], {
        compare: [{ ...(range as { range: { start: string } }), target: 'version', operator: '>', value: 1 }],
      }),
    ).toMatchObject({ kind: 'conflict', key: 'a/2', current: { version: 1 } });
    await kv.revokeLease(leaseId);
  });

  kvTest('keys are in the order of their UTF-8 bytes', async (kv) => {
    const keys = ['\u{1F600}', '\uFFFD', 'é', 'z', 'a/b', 'a', 'a!', 'Z'];
    await kv.transact(keys.map((key) => put(key, key)));
    const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(sorted);
    expect((await kv.list('a/')).entries.map(({ key }) => key)).toEqual(['a/b']);
  });

  kvTest("a value is the caller's no longer", async (kv) => {
    const value = bytes('before');
    const writing = kv.transact([{ kind: 'put', key: 'a', value }]);
    value.fill(0);
    await writing;
    expect((await kv.get('a'))?.value).toEqual(bytes('before'));
  });
}
