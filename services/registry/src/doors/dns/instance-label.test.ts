import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instanceLabel } from './instance-label.ts';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

test('an id that is a label stays; any other keeps its readable part, with a hash', () => {
  const check = (id: string, expected: string): void => expect(instanceLabel(id)).toBe(expected);
  check('tipjar-web-01k5abc', 'tipjar-web-01k5abc');
  check('7', '7');
  check('a'.repeat(63), 'a'.repeat(63));
  check('Web 1', 'web-1--b2e853f37b');
  check('web.1:4000', 'web-1-4000--a193231f9d');
  check('-', 'instance--3973e022e9');
  check('a'.repeat(64), `${'a'.repeat(51)}--ffe054fe7a`);
});

test('whatever the id, the label is one; two ids have two, also one that was made to look like another label', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(instanceLabel(a)).toMatch(LABEL);
      expect(instanceLabel(a) === instanceLabel(b)).toBe(a === b);
      expect(instanceLabel(instanceLabel('Web 1'))).not.toBe(instanceLabel('Web 1'));
    }),
  );
});
