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

test('a scope with a path holds what begins with that path, and nothing wider', () => {
  const check = (held: string, needed: string, expected: boolean): void =>
    expect(holdsScope([held], needed)).toBe(expected);
  check('kv:read:app/', 'kv:read:app/', true);
  check('kv:read:app/', 'kv:read:app/web', true);
  check('kv:read:app/', 'kv:read:app', false);
  check('kv:read:app/', 'kv:read:', false);
  check('kv:read:app/', 'kv:read', false);
  check('kv:read:app/', 'kv:write:app/web', false);
  check('kv:*:app/', 'kv:write:app/web', true);
  check('kv:read', 'kv:read:app/web', true);
  check('kv:*', 'kv:read:app/web', true);
  check('*', 'kv:read:app/web', true);
  check('kv:read:a:b', 'kv:read:a:bc', true);
  check('kv:read:a:b', 'kv:read:a', false);
});
