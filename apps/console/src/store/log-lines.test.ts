import type { LogLine } from '@plumb/deploy';
import { expect, test } from 'vitest';
import { appendLines, filterLines, linesAsText, LOG_LINES_MAX, stripColors } from './log-lines.ts';

const line = (text: string, unit = 'tipjar/web'): LogLine => ({ at: 0, unit, stream: 'stdout', line: text });

test('lines keep their number when older ones go', () => {
  const full = appendLines(
    [],
    Array.from({ length: LOG_LINES_MAX }, (_, index) => line(String(index))),
  );
  const next = appendLines(full, [line('last')]);
  expect(next).toHaveLength(LOG_LINES_MAX);
  expect([next[0]?.id, next.at(-1)?.id]).toEqual([2, LOG_LINES_MAX + 1]);
});

test('colour codes of a terminal are taken out', () => {
  expect(stripColors('\u001b[1;33mslow\u001b[0m and \u001b[2Kdone')).toBe('slow and done');
  expect(appendLines([], [line('\u001b[31mred')])[0]?.line).toBe('red');
});

test('a filter is part of the line in any case, of one unit or of all', () => {
  const tail = appendLines([], [line('GET /tip'), line('get /'), line('GET /tip', 'tipjar/chain')]);
  expect(filterLines(tail, { text: ' get /TIP ', unit: '' })).toHaveLength(2);
  expect(filterLines(tail, { text: 'get', unit: 'tipjar/chain' }).map(({ id }) => id)).toEqual([3]);
  expect(filterLines(tail, { text: '', unit: '' })).toBe(tail);
});

test('the clipboard gets time, unit and text', () => {
  expect(linesAsText(appendLines([], [line('a'), line('b')]))).toBe(
    '1970-01-01T00:00:00.000Z tipjar/web a\n1970-01-01T00:00:00.000Z tipjar/web b',
  );
});
