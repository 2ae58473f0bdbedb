import { expect, test } from 'vitest';
import { holdsScope } from './index.ts';

test('a scope is held by itself, by a star in either part, and by a star alone', () => {
  const check = (held: string[], needed: string, expected: boolean): void =>
    expect(holdsScope(held, needed)).toBe(expected);
  check(['config:write'], 'config:write', true);
  check(['config:*'], 'config:write', true);
  check(['*:write'], 'config:write', true);
  check(['*'], 'config:write', true);
  check([], 'config:write', false);
  check(['config:read'], 'config:write', false);
  check(['registry:*', 'config:read'], 'config:write', false);
  check(['config'], 'config:write', false);
  check(['conf*:write', ''], 'config:write', false);
});
