import { expect, test } from 'vitest';
import { packageOf, readImports } from './imports.ts';

test('imports, re-exports and dynamic imports are found, in types and JSX too', () => {
  const text = `
    import { a } from './a.ts';
    import type { B } from '@plumb/b';
    import { type C } from 'c';
    import type from 'd';
    export { e } from 'e';
    export type { F } from 'f';
    export * from 'g';
    const h = await import('h');
    const text = "import { no } from 'no'"; // import 'neither'
    export const view = <p>{h}</p>;
  `;
  const found = readImports('x.tsx', text).map(
    ({ specifier, isTypeOnly }) => `${specifier}${isTypeOnly ? ' (type)' : ''}`,
  );
  expect(found).toEqual(['./a.ts', '@plumb/b (type)', 'c', 'd', 'e', 'f (type)', 'g', 'h']);
});

test('a package is named by the first words of a bare specifier', () => {
  const check = (specifier: string, name: string | undefined): void => expect(packageOf(specifier)).toBe(name);
  check('valibot', 'valibot');
  check('vitest/node', 'vitest');
  check('@plumb/kv', '@plumb/kv');
  check('@plumb/kv/server', '@plumb/kv');
  check('node:fs', undefined);
  check('./kv.ts', undefined);
});
