import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINE_CHARS_MAX, LineSplitter } from './line-splitter.ts';

test('bytes become lines, and the unfinished one comes at the end', () => {
  const check = (chunks: readonly string[], expected: readonly string[]): void => {
    const splitter = new LineSplitter();
    const lines = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk)));
    expect([...lines, ...splitter.end()]).toEqual(expected);
  };
  check(['a\nb\n'], ['a', 'b']);
  check(['a', 'b\nc'], ['ab', 'c']);
  check(['a\r\n', '\r\n', 'b\r'], ['a', '', 'b']);
  check(['\n\n'], ['', '']);
  check([], []);
});

test('a character that falls between two chunks stays whole', () => {
  const splitter = new LineSplitter();
  const bytes = Buffer.from('grüße 🍐\n');
  const lines = [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte)));
  expect(lines).toEqual(['grüße 🍐']);
});

test('a line without end is cut into pieces, never inside a character, and held no longer than one', () => {
  const splitter = new LineSplitter();
  const text = `x${'🍐'.repeat(LINE_CHARS_MAX)}`;
  const lines = [...splitter.push(Buffer.from(text)), ...splitter.end()];
  expect(lines.join('')).toBe(text);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(LINE_CHARS_MAX);
  expect(lines.every((line) => line.isWellFormed())).toBe(true);
});

test('how the bytes are cut into chunks does not matter', () => {
  const text = fc.array(fc.constantFrom('a', '\n', 'ü', '🍐', ' '), { maxLength: 60 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(100), { maxLength: 10 }), (text, cuts) => {
      const bytes = Buffer.from(text);
      const splitter = new LineSplitter();
      const lines: string[] = [];
      let from = 0;
      for (const cut of [...cuts.sort((a, b) => a - b), bytes.length]) {
        lines.push(...splitter.push(bytes.subarray(from, Math.max(from, cut))));
        from = Math.max(from, Math.min(cut, bytes.length));
      }
      const expected = text.split('\n');
      if (expected.at(-1) === '') expected.pop();
      expect([...lines, ...splitter.end()]).toEqual(expected);
    }),
  );
});
