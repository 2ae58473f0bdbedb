import { expect } from 'vitest';
import { createFakeClock } from './fake-clock.ts';
import { leased, put, remove } from './kv-operations.ts';
import type { KvSuite } from './kv-subject.ts';
import { until } from './until.ts';

export function leaseTests({ kvTest, subjectTest }: KvSuite): void {
  subjectTest(
    'the keys of a lease go in one transaction when it is not kept alive, and stay while it is',
    async (subject) => {
      const clock = createFakeClock();
      await using kv = await subject.open({ clock });
      const lease = await kv.grantLease(1_000);
      expect(lease.ttlMs).toBe(1_000);
      await kv.transact([leased('a', lease.leaseId), leased('b', lease.leaseId), put('c', '1')]);
      expect(await kv.get('a')).toMatchObject({ leaseId: lease.leaseId });
      // A put without the lease takes the key out of it.
      await kv.transact([put('b', '2')]);
      await kv.transact([leased('d', lease.leaseId)]);
      for (let i = 0; i < 3; i += 1) {
        await clock.advance(900);
        expect(await kv.getLease(lease.leaseId)).toEqual({ ...lease, remainingMs: 100, keys: ['a', 'd'] });
        expect(await kv.keepAlive(lease.leaseId)).toEqual(lease);
      }
      expect(kv.revision()).toBe(3);
      await clock.advance(1_000);
      await until('the lease ends', () => kv.revision() === 4);
      expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['b', 'c']);
      await expect(kv.keepAlive(lease.leaseId)).rejects.toMatchObject({ code: 'not-found' });
      await expect(kv.transact([leased('e', lease.leaseId)])).rejects.toMatchObject({ code: 'invalid' });
    },
    ['fakeTime'],
  );

  kvTest('a revoked lease takes its keys with it, at once and once', async (kv, at) => {
    const [one, two] = [await kv.grantLease(60_000), await kv.grantLease(60_000)];
    await kv.transact([leased('a', one.leaseId), leased('b', two.leaseId)]);
    await kv.revokeLease(one.leaseId);
    await kv.revokeLease(one.leaseId);
    expect((await kv.list('')).entries.map(({ key }) => key)).toEqual(['b']);
    expect(kv.revision()).toBe(at(2));
    await expect(kv.keepAlive(one.leaseId)).rejects.toMatchObject({ code: 'not-found' });
    expect(await kv.keepAlive(two.leaseId)).toEqual(two);
    expect(await kv.getLease(one.leaseId)).toBeUndefined();
    await kv.revokeLease(two.leaseId);
  });

  kvTest('the id of a lease can be chosen, once', async (kv) => {
    expect(await kv.grantLease(60_000, { leaseId: '7587' })).toEqual({ leaseId: '7587', ttlMs: 60_000 });
    await expect(kv.grantLease(60_000, { leaseId: '7587' })).rejects.toMatchObject({ code: 'already-exists' });
    const { leaseId } = await kv.grantLease(60_000);
    expect(await kv.listLeases()).toEqual(expect.arrayContaining(['7587', leaseId]));
    await kv.transact([leased('b', '7587'), leased('a', '7587')]);
    expect(await kv.getLease('7587')).toMatchObject({ leaseId: '7587', ttlMs: 60_000, keys: ['a', 'b'] });
    await kv.revokeLease('7587');
    await kv.revokeLease(leaseId);
    const left = await kv.listLeases();
    expect([left.includes('7587'), left.includes(leaseId)]).toEqual([false, false]);
  });

  kvTest('a lease lives from one whole millisecond to the longest timer, and its id is short', async (kv) => {
    for (const ttlMs of [0, -1, 1.5, Number.NaN, 2 ** 31]) {
      await expect(kv.grantLease(ttlMs)).rejects.toMatchObject({ code: 'invalid' });
    }
    for (const leaseId of ['', '1'.repeat(65)]) {
      await expect(kv.grantLease(1_000, { leaseId })).rejects.toMatchObject({ code: 'invalid' });
    }
  });

  subjectTest(
    'everything is there after a restart, and a lease has its whole time again',
    async (subject) => {
      const clock = createFakeClock();
      const before = await subject.open({ clock });
      const grant = (leaseId: string) => before.grantLease(1_000, { leaseId });
      const [kept, ended, revoked] = [await grant('kept'), await grant('ended'), await grant('revoked')];
      await before.transact([put('a', '1'), leased('kept', kept.leaseId), leased('ended', ended.leaseId)]);
      await before.transact([put('gone', '1'), leased('revoked', revoked.leaseId)]);
      await before.transact([remove('gone'), put('a', '2')]);
      await before.revokeLease(revoked.leaseId);
      const { entries } = await before.list('');
      await before[Symbol.asyncDispose]();

      await clock.advance(900);
      await using after = await subject.open({ clock });
      expect(await after.list('')).toEqual({ revision: 4, entries });
      await clock.advance(900);
      await after.keepAlive(kept.leaseId);
      expect(after.revision()).toBe(4);
      await clock.advance(100);
      await until('the lease that nobody kept alive ends', () => after.revision() === 5);
      expect((await after.list('')).entries.map(({ key }) => key)).toEqual(['a', 'kept']);
      await expect(after.keepAlive(revoked.leaseId)).rejects.toMatchObject({ code: 'not-found' });
    },
    ['fakeTime', 'freeLeases', 'ownRevisions'],
  );
}
