import type { ConfigValue } from '@plumb/config/feed';
import { describe, expect, test } from 'vitest';
import { parseAnyValue, parseValue, valueText } from './config-value.ts';

describe('a value keeps its type', () => {
  const check = (text: string, current: ConfigValue, value: ConfigValue): void =>
    test(`${text} over ${JSON.stringify(current)}`, () =>
      expect(parseValue(text, current)).toEqual({ kind: 'value', value }));
  const refuse = (text: string, current: ConfigValue, help: string): void =>
    test(`${text} is refused over ${JSON.stringify(current)}`, () =>
      expect(parseValue(text, current)).toEqual({ kind: 'fault', message: expect.stringContaining(help) }));

  check('5', 'text', '5');
  check('  ', 'text', '  ');
  check(' 0.02 ', 0.01, 0.02);
  check('false', true, false);
  check('["b"]', ['a'], ['b']);
  check('{"a":2}', { a: 1 }, { a: 2 });
  check('7', null, 7);
  refuse('five', 5, 'write a number');
  refuse('"5"', 5, 'write a number');
  refuse('', 5, 'write a number');
  refuse('yes', true, 'true or false');
  refuse('{"a":1}', ['a'], 'JSON list');
});

test('what is shown is what can be written back', () => {
  for (const value of ['a "b"', 0.5, true, null, ['a', 1], { a: { b: [] } }] as ConfigValue[]) {
    expect(parseValue(valueText(value), value)).toEqual({ kind: 'value', value });
  }
});

test('a first value is JSON where it is JSON, else text', () => {
  expect([parseAnyValue('0.5'), parseAnyValue('true'), parseAnyValue('Tip jar'), parseAnyValue('"5"')]).toEqual([
    0.5,
    true,
    'Tip jar',
    '5',
  ]);
});
