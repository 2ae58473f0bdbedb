import { seededRandom, silentLog } from '@plumb/base';
import { openMemoryKv } from '@plumb/kv';
import type { Caller } from '@plumb/rpc';
import { createFakeClock, until } from '@plumb/testing';
import { expect, test } from 'vitest';
import { recipientsFor } from './recipient-scope.ts';
import { openRecipients, type Recipients } from './recipients.ts';
import { readersOf } from './who-can-read.ts';

const clock = createFakeClock();
const ADA: Caller = { id: 'ada', scopes: ['*'] };
const SHOP: Caller = { id: 'shop-1', scopes: ['config:recipients'], application: 'shop' };

async function openWorld(): Promise<
  AsyncDisposable & { readonly recipients: Recipients; readonly again: () => Promise<Recipients> }
> {
  const open = new AsyncDisposableStack();
  const kv = open.use(await openMemoryKv({ clock }));
  const again = async (): Promise<Recipients> =>
    open.use(await openRecipients({ kv, clock, random: seededRandom(1), log: silentLog }));
  const recipients = await again();
  await recipients.add({ recipient: 'age1ada', owner: 'ada' }, ADA);
  await recipients.add(
    { recipient: 'age1live', owner: 'application:shop', application: 'shop', environment: 'live' },
    ADA,
  );
  await recipients.add(
    { recipient: 'age1test', owner: 'application:shop', application: 'shop', environment: 'test' },
    ADA,
  );
  await recipients.add({ recipient: 'age1mail', owner: 'application:mail', application: 'mail' }, ADA);
  return { recipients, again, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

test('a secret of an environment is for those who read it, one that all environments read for all of them', async () => {
  await using world = await openWorld();
  const check = (layer: string, expected: readonly string[]): void => {
    const found = recipientsFor(world.recipients.list(), 'shop', layer);
    expect(found.map(({ recipient }) => recipient)).toEqual(expected);
  };
  check('common', ['age1ada', 'age1live', 'age1test']);
  check('release:prod', ['age1ada', 'age1live', 'age1test']);
  check('region:eu', ['age1ada', 'age1live', 'age1test']);
  check('env:live', ['age1ada', 'age1live']);
  check('env:live/region:eu', ['age1ada', 'age1live']);
  check('env:other', ['age1ada']);
});

test('only who owns a recipient may be sent what is sealed to it, an application only in its environment', async () => {
  await using world = await openWorld();
  const check = (caller: Caller, environment: string | undefined, expected: readonly string[]): void => {
    const mayOpen = world.recipients.mayOpen(caller, { environment });
    expect(['age1ada', 'age1live', 'age1test', 'age1mail', 'age1none'].filter(mayOpen)).toEqual(expected);
  };
  check(ADA, undefined, ['age1ada']);
  check(SHOP, 'live', ['age1live']);
  check(SHOP, 'test', ['age1test']);
  check({ id: 'bob', scopes: ['*'] }, undefined, []);
  // The name of a token is not the name of an application, whatever it is called.
  check({ id: 'application:shop', scopes: [], application: 'other' }, 'live', []);
});

test('what is added and removed counts at once, and for another that has the same store open', async () => {
  await using world = await openWorld();
  const other = await world.again();
  const mayOpen = other.mayOpen(ADA);
  expect(mayOpen('age1ada')).toBe(true);
  expect(await world.recipients.remove({ recipient: 'age1ada' })).toBe(1);
  expect(await world.recipients.remove({ recipient: 'age1ada' })).toBe(0);
  expect(world.recipients.mayOpen(ADA)('age1ada')).toBe(false);
  await until('the other has seen it', () => !mayOpen('age1ada'));
  expect(await world.recipients.remove({ recipient: 'age1live', environment: 'test' })).toBe(0);
  expect(other.list('shop', 'live').map(({ recipient }) => recipient)).toEqual(['age1live']);
});

test('a process adds recipients of its own application only', async () => {
  await using world = await openWorld();
  const add = (owner: string, application?: string): Promise<void> =>
    world.recipients.add({ recipient: 'age1more', owner, ...(application === undefined ? {} : { application }) }, SHOP);
  await expect(add('ada', 'shop')).rejects.toMatchObject({ code: 'denied' });
  await expect(add('application:mail', 'mail')).rejects.toMatchObject({ code: 'denied' });
  await expect(add('application:shop')).rejects.toMatchObject({ code: 'denied' });
  await add('application:shop', 'shop');
  expect(world.recipients.mayOpen(SHOP)('age1more')).toBe(true);
});

test('who can open a secret is told beside who should and who should not', async () => {
  await using world = await openWorld();
  const value = { $sealed: 'AAAA', to: ['age1ada', 'age1gone', 'age1mail', 'age1test'] };
  expect(readersOf('shop', { key: 'mail.password', layer: 'env:live', value }, world.recipients.list())).toEqual({
    key: 'mail.password',
    layer: 'env:live',
    owners: ['ada', 'application:mail', 'application:shop'],
    unknown: ['age1gone'],
    missing: ['application:shop'],
    surplus: ['application:mail', 'application:shop'],
  });
});
