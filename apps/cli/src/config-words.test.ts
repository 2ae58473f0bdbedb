import { expect, test } from 'vitest';
import { keyMatcher, parseNumbers, parseValue } from './config-words.ts';
import { createProgressBar } from './progress-bar.ts';

test('which keys are meant', () => {
  const check = (given: string | undefined, expected: readonly string[]): void =>
    expect(['a', 'a.b', 'a.b.c', 'ab.c'].filter(keyMatcher(given))).toEqual(expected);
  check(undefined, []);
  check('', []);
  check('a', ['a']);
  check('a.*', ['a.b', 'a.b.c']);
  check('a.b, ab.c', ['a.b', 'ab.c']);
  check('*', ['a', 'a.b', 'a.b.c', 'ab.c']);
});

test('values and numbers as they are written', () => {
  expect(['1', '"1"', 'a b', 'true', '{"a":1}', '01'].map((word) => parseValue(word, { isText: false }))).toEqual([
    1,
    '1',
    'a b',
    true,
    { a: 1 },
    '01',
  ]);
  const bounds = { flag: 'n', min: 1, max: 9, isWhole: true };
  expect(parseNumbers('1, 9', bounds)).toEqual([1, 9]);
  for (const bad of ['', '0', '10', '1.5', '1,,2', 'x', '-1', '1e0']) {
    expect(() => parseNumbers(bad, bounds)).toThrow('--n takes whole numbers from 1 to 9');
  }
});

test('a bar is shown for what takes over a second, and is gone at the end', () => {
  const shown: (string | undefined)[] = [];
  let now = 0;
  const shell = { progress: (line: string | undefined) => void shown.push(line), now: () => now };
  {
    using bar = createProgressBar({ what: 'sealing', total: 4 }, shell);
    bar.step();
    expect(shown).toEqual([]);
    now = 1_500;
    bar.step();
  }
  expect(shown).toEqual([`sealing ${'█'.repeat(12)}${'░'.repeat(12)} 2 of 4`, undefined]);
});
