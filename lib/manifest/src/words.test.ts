import { expect, test } from 'vitest';
import { splitWords } from './words.ts';

test('words are split as a shell splits them', () => {
  const check = (text: string, expected: string[]): void => expect(splitWords(text)).toEqual(expected);
  check('', []);
  check('  ', []);
  check('node  web.js\t-v\n', ['node', 'web.js', '-v']);
  check(`a 'b c' "d e"`, ['a', 'b c', 'd e']);
  check(`--title="Tip jar"`, ['--title=Tip jar']);
  check(`a'b'"c"d`, ['abcd']);
  check(`'' ""`, ['', '']);
  check(`'a\\b' "a\\b" "a\\"b\\\\"`, ['a\\b', 'a\\b', 'a"b\\']);
  check(`a\\ b \\"c\\'`, ['a b', `"c'`]);
  check(`"it's" 'say "x"'`, ["it's", 'say "x"']);
  check('sh -c "a && b | c"', ['sh', '-c', 'a && b | c']);
  check(`a '&&' "|" \\;`, ['a', '&&', '|', ';']);
  check('a&&b $HOME *.js', ['a&&b', '$HOME', '*.js']);
});

test('what cannot be split is refused', () => {
  const check = (text: string, expected: string): void => expect(() => splitWords(text)).toThrow(expected);
  check('a "b', 'the quote " is not closed');
  check(`a 'b`, "the quote ' is not closed");
  check('a "b\\"', 'the quote " is not closed');
  check('a\\', 'ends with a backslash that keeps nothing');
  check('a > b', '">" is for a shell');
});
