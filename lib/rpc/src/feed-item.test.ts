import { safeParse } from 'valibot';
import { expect, test } from 'vitest';
import { subscribeMethod } from './feed-item.ts';
import { formatType } from './format-type.ts';
import { jsonSchemaOf } from './json-schema.ts';
import { PREFIXES_MAX } from './publish-limits.ts';
import { SharedValue } from './shared-value.ts';

const { input, output } = subscribeMethod();

test('it is described as what a reader asks and gets', async () => {
  expect(formatType(await jsonSchemaOf(input, 'input'))).toBe(
    '{ prefixes: string[]; from?: { epoch: string; seq: number } }',
  );
  const types = formatType(await jsonSchemaOf(output, 'output'));
  expect(types.split(' | ').map((type) => /kind: '(\w+)'/.exec(type)?.[1])).toEqual([
    'snapshot',
    'resume',
    'updates',
    'mark',
  ]);
});

test('what a publisher shares is sent as it is; what is passed on must be an item', () => {
  const shared = new SharedValue({ kind: 'mark' as const, after: 1, seq: 2 }, 10);
  expect(safeParse(output, shared)).toMatchObject({ success: true, output: shared });
  expect(safeParse(output, shared.value)).toMatchObject({ success: true, output: shared.value });
  for (const wrong of [{ kind: 'mark', after: -1, seq: 2 }, { kind: 'news' }, 5, undefined]) {
    expect(safeParse(output, wrong).success).toBe(false);
  }
});

test('bad requests are refused', () => {
  const check = (request: unknown, isGood: boolean): void => {
    expect(safeParse(input, request).success, JSON.stringify(request)).toBe(isGood);
  };
  check({ prefixes: [''] }, true);
  check({ prefixes: ['a'], from: { epoch: 'one', seq: 0 } }, true);
  check({}, false);
  check({ prefixes: [] }, false);
  check({ prefixes: Array.from({ length: PREFIXES_MAX + 1 }, String) }, false);
  check({ prefixes: ['a'], from: { epoch: 'one', seq: -1 } }, false);
  check({ prefixes: ['a'], from: { epoch: 'one', seq: 0.5 } }, false);
});

test('a scope is asked for where it is given', () => {
  expect(subscribeMethod({ scope: 'prices:read' })).toMatchObject({ scope: 'prices:read', stream: true });
  expect('scope' in subscribeMethod()).toBe(false);
});
