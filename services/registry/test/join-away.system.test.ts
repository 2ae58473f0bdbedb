// A program that joins while Plumb is away: it begins with the copy of its configuration, and joins when Plumb is back.
import { createLog, systemClock as clock } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import { generateKeyPair } from '@plumb/rpc/node';
import { openTemporaryDirectory, until } from '@plumb/testing';
import { generateIdentity } from '@plumb/vault';
import path from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { joinRegistry } from '../src/instance.ts';
import { openControlPlane } from './control-plane.ts';
import { declare } from './declare.ts';
import { idsOf } from './registry-world.ts';

test('who has a copy of its configuration begins without Plumb, and joins when it is back', async () => {
  await using directory = await openTemporaryDirectory();
  await using kv = await openMemoryKv({ clock });
  const first = await openControlPlane({ kv });
  await declare({ registry: first.registry, clock }, 'shop', { web: [] });
  await first.connection.call('config.provision', { application: 'shop', values: { title: 'Shop' } });
  const own = generateKeyPair();
  const environment = {
    ...first.environmentOf('shop', 'web', 'shop-1', own),
    PORT: '4000',
    PLUMB_CONFIG_COPY: path.join(directory.path, 'web.copy'),
    PLUMB_AGE_KEY: await generateIdentity(),
  };
  const schema = v.looseObject({ title: v.string() });
  const earlier = await joinRegistry({ environment, schema });
  expect(earlier.config.get('title')).toBe('Shop');
  await earlier[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();

  const { PLUMB_CONFIG_COPY: _none, ...bare } = environment;
  const refusal = joinRegistry({ environment: bare }).catch((error: unknown) => error);
  const events: string[] = [];
  const log = createLog((_level, event) => events.push(event));
  await using shop = await joinRegistry({ environment, schema, log });
  expect([shop.config.get('title'), shop.config.status().copy?.revision]).toEqual(['Shop', earlier.config.revision]);
  expect(events.filter((event) => event === 'registry.away')).toHaveLength(1);
  expect(await refusal).toMatchObject({ code: 'deadline', message: expect.stringContaining('does it run?') });

  await using second = await openControlPlane({ kv, address: first.address, keys: first.keys });
  second.environmentOf('shop', 'web', 'shop-1', own);
  await second.connection.call('config.set', { application: 'shop', key: 'title', value: 'Back' });
  await until('it has joined', async () => (await idsOf(second.registry)).includes('shop-1'));
  await until('it has the values of the server', () => shop.config.get('title') === 'Back');
  expect(shop.config.status().copy).toBeUndefined();
});
