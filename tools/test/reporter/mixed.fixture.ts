import { describe, expect, test } from 'vitest';

test('passes', () => expect(1).toBe(1));
test('fails', () => expect(1).toBe(2));
test.skip('mail server is absent: install it');
describe('inner', () => {
  test('passes too', () => expect(1).toBe(1));
});
