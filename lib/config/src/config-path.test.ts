import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ancestorsOf, isAtOrUnder, joinNames, joinPath, namesOf, parentOf } from './config-path.ts';

test('a dot in a name does not part it', () => {
  expect(joinNames(['hosts', 'a.example', 'back\\slash'])).toBe('hosts.a\\.example.back\\\\slash');
  expect(namesOf('hosts.a\\.example.port')).toEqual(['hosts', 'a.example', 'port']);
  expect(namesOf('back\\\\.x')).toEqual(['back\\', 'x']);
  expect(namesOf('odd\\one\\')).toEqual(['odd\\one\\']);
  expect(namesOf('')).toEqual([]);
  expect(parentOf('hosts.a\\.example')).toBe('hosts');
  expect(parentOf('\\.provider')).toBe('');
  expect(isAtOrUnder('hosts\\.x', 'hosts')).toBe(false);
  expect([joinPath('', 'a'), joinPath('a', ''), joinPath('a', 'b.c')]).toEqual(['a', 'a', 'a.b.c']);
});

test('any names make a path that gives them back, with all that is above it', () => {
  const name = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '.', '\\', 'é') });
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 4 }), (names) => {
      const path = joinNames(names);
      expect(namesOf(path)).toEqual(names);
      const above = names.slice(1).map((_, i) => joinNames(names.slice(0, i + 1)));
      expect(ancestorsOf(path)).toEqual(above);
      for (const ancestor of above) expect(isAtOrUnder(path, ancestor)).toBe(true);
    }),
  );
});
