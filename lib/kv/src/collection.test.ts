import { systemClock } from '@plumb/base';
import { expect, test } from 'vitest';
import { type CollectionEvent, createCollection } from './collection.ts';
import { openMemoryKv } from './memory-engine.ts';

type Service = { readonly port: number; readonly tags?: readonly string[] | undefined };

test('a value comes back as it was put: dates, bytes, bigints, maps, sets and undefined too', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const values = createCollection<unknown>(kv, 'value/');
  const value = {
    at: new Date(1_760_000_000_000),
    bytes: new Uint8Array([0, 255]),
    big: 2n ** 70n,
    nested: { map: new Map([['a', 1]]), set: new Set([1, 2]), gone: undefined, list: [null, true, 'é', 1.5] },
  };
  await values.put('x', value);
  expect((await values.require('x')).value).toEqual(value);
});

test('ids are relative to the prefix, and only what is under it is listed', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const services = createCollection<Service>(kv, 'service/');
  await createCollection<Service>(kv, 'servicf/').put('other', { port: 1 });
  await services.put('web/2', { port: 82 });
  await services.put('web/1', { port: 81, tags: ['a'] });
  await services.put('db/1', { port: 83 });
  expect((await services.list()).map(({ id, value }) => [id, value.port])).toEqual([
    ['db/1', 83],
    ['web/1', 81],
    ['web/2', 82],
  ]);
  expect((await services.list('web/')).map(({ id }) => id)).toEqual(['web/1', 'web/2']);
  expect(await services.get('web/3')).toBeUndefined();
  await expect(services.require('web/3')).rejects.toMatchObject({ code: 'not-found' });
});

test('a conditional put or delete over another revision changes nothing and answers what is there', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const services = createCollection<Service>(kv, 'service/');
  expect(await services.put('web', { port: 80 }, { ifRevision: 0 })).toEqual({ kind: 'committed', revision: 1 });
  expect(await services.put('web', { port: 81 }, { ifRevision: 0 })).toMatchObject({
    kind: 'conflict',
    current: { id: 'web', value: { port: 80 }, modRevision: 1 },
  });
  expect(await services.delete('web', { ifRevision: 7 })).toMatchObject({ kind: 'conflict' });
  expect(await services.delete('web', { ifRevision: 1 })).toEqual({ kind: 'committed', revision: 2 });
  expect(await services.delete('web', { ifRevision: 2 })).toEqual({ kind: 'conflict', current: undefined });
});

test('several collections change in one transaction', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const services = createCollection<Service>(kv, 'service/');
  const names = createCollection<string>(kv, 'name/');
  await services.put('old', { port: 1 });
  await kv.transact(
    [services.putOperation('web', { port: 80 }), names.putOperation('80', 'web'), services.deleteOperation('old')],
    { compare: [names.compare('80', 0)] },
  );
  expect((await services.list()).map(({ id, modRevision }) => [id, modRevision])).toEqual([['web', 2]]);
  expect((await names.require('80')).modRevision).toBe(2);
});

test('a watch gives typed items and ids', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  const services = createCollection<Service>(kv, 'service/');
  await services.put('web', { port: 80 });
  const stop = new AbortController();
  const events: CollectionEvent<Service>[] = [];
  for await (const event of services.watch({ signal: stop.signal })) {
    events.push(event);
    if (event.kind === 'snapshot')
      await kv.transact([services.deleteOperation('web'), services.putOperation('db', { port: 5 })]);
    else stop.abort();
  }
  expect(events).toMatchObject([
    { kind: 'snapshot', revision: 1, items: [{ id: 'web', value: { port: 80 } }] },
    { kind: 'change', revision: 2, puts: [{ id: 'db', value: { port: 5 } }], deletes: ['web'] },
  ]);
});

test('a value that is not CBOR is an error that names its key', async () => {
  await using kv = await openMemoryKv({ clock: systemClock });
  await kv.transact([{ kind: 'put', key: 'service/web', value: new Uint8Array([0x62, 0x61]) }]);
  await expect(createCollection(kv, 'service/').list()).rejects.toThrow('"service/web" is not CBOR');
});
