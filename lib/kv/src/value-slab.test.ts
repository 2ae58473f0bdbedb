import { expect, test } from 'vitest';
import { ValueSlab } from './value-slab.ts';

test('copies of many sizes hold what was copied, whatever becomes of the source and of each other', () => {
  const { copy } = new ValueSlab();
  const copies: Uint8Array[] = [];
  for (let size = 0; size < 6_000; size += 7) {
    const source = new Uint8Array(size).fill(size % 251);
    copies.push(copy(source));
    source.fill(255);
  }
  for (const [index, copied] of copies.entries()) {
    expect(copied.length).toBe(index * 7);
    expect(copied.every((byte) => byte === (index * 7) % 251)).toBe(true);
  }
});

test('small values share a buffer, and a large one keeps none but its own alive', () => {
  const { copy } = new ValueSlab();
  expect(copy(new Uint8Array(10)).buffer).toBe(copy(new Uint8Array(20)).buffer);
  expect(copy(new Uint8Array(100_000)).buffer.byteLength).toBe(100_000);
});
