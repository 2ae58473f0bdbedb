import { generateIdentity, recipientOf, sealValue } from '@plumb/vault';
import { expect, test } from 'vitest';
import { createSeed } from '../test/seed.ts';
import { openSources } from '../test/source-world.ts';
import type { ConfigObject } from './config-values.ts';
import { formatExplained } from './explain.ts';

async function explained(path: string, ...layers: readonly ConfigObject[]): Promise<string> {
  using world = await openSources(layers.map((values, i) => createSeed(`s${i}`, values)));
  return world.view.explain(path).statements.map(formatExplained).join('\n');
}

test('it tells who speaks of a path, from the lowest, and who wins', async () => {
  expect(await explained('a', { a: 1 }, { b: 2 }, { a: 3 }, { a: 2 })).toMatchInlineSnapshot(`
    "  a = 1   s0   (s3 comes later)
      a = 3   s2   (s3 comes later)
    * a = 2   s3   (wins over s2)"
  `);
  expect(await explained('a', { b: 1 })).toBe('');
  expect(await explained('b', { b: [1] })).toBe('* b = [1]   s0   (nobody else speaks of it)');
});

test('of a branch it tells of everything below', async () => {
  expect(await explained('a', { a: { x: 1, y: 2 } }, { a: { y: 3 } })).toMatchInlineSnapshot(`
    "* a.x = 1   s0   (nobody else speaks of it)
      a.y = 2   s0   (s1 comes later)
    * a.y = 3   s1   (wins over s0)"
  `);
});

test('where one has a value and another has paths below it, it says so', async () => {
  expect(await explained('a', { a: { b: { c: 1 } } }, { a: 'off' })).toMatchInlineSnapshot(`
    "* a = "off"   s1   (wins over "a.b.c" of s0)
      a.b.c = 1   s0   ("a" of s1 comes later)"
  `);
  expect(await explained('a.b', { a: 'off' }, { a: { b: 1 } })).toMatchInlineSnapshot(`
    "  a = "off"   s0   ("a.b" of s1 comes later)
    * a.b = 1   s1   (wins over "a" of s0)"
  `);
  expect(await explained('a', { a: { b: 1 } }, { a: {} })).toMatchInlineSnapshot(`
    "  a = {}   s1   (gives way to what is below it, "a.b" of s0)
    * a.b = 1   s0   (nobody else speaks of it)"
  `);
});

test('a secret is not shown, and neither is one in a list', async () => {
  const identity = await generateIdentity();
  const sealed = await sealValue({
    application: 'tipjar',
    key: 'password',
    value: 'hunter2',
    recipients: [await recipientOf(identity)],
  });
  expect(await explained('', { password: sealed, list: [1, sealed] })).toMatchInlineSnapshot(`
    "* password = "[secret]"   s0   (nobody else speaks of it)
    * list = [1,"[secret]"]   s0   (nobody else speaks of it)"
  `);
});
