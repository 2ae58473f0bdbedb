import { expect, test } from 'vitest';
import { expandReferences, findPlaceholders } from './references.ts';

test('references are replaced, escapes are undone, and the rest stays', () => {
  const check = (text: string, expected: string): void => {
    expect(expandReferences(text, ({ group, name, property }) => `<${group} ${name} ${property}>`)).toBe(expected);
  };
  check('plain $5 text', 'plain $5 text');
  check('${chains.eth.url}/x', '<chains eth url>/x');
  check('${ processes.web.port }', '<processes web port>');
  check('${chains.a.url}${chains.b.port}', '<chains a url><chains b port>');
  check('$${chains.eth.url}', '${chains.eth.url}');
  check('$$5', '$$5');
});

test('placeholders that are not of the known form are found', () => {
  const check = (text: string, expected: (string | undefined)[]): void => {
    expect(findPlaceholders(text).map(({ reference }) => reference?.name)).toEqual(expected);
  };
  check('${chains.eth.url} ${x} $${y} ${chains.a-b.port', ['eth', undefined, undefined]);
  check('${}', [undefined]);
  check('$', []);
});
