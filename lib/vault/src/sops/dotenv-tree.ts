/** A file of `KEY=value` lines as SOPS sees it: quotes are part of a value, `\n` in one is a line break, `#` starts a comment. */
import { faultAt, type SopsComment, type SopsEntry, type SopsMap, textScalar } from './sops-tree.ts';

/** @throws OperatingError `invalid` with the line. It quotes nothing of it. */
export function parseDotenvTree(text: string): SopsMap {
  const items: (SopsEntry | SopsComment)[] = [];
  let start = 0;
  for (const line of text.split('\n')) {
    const range = { start, end: start + line.length };
    start = range.end + 1;
    if (line === '') continue;
    if (line.startsWith('#')) {
      items.push({ kind: 'comment', text: line.slice(1), range });
      continue;
    }
    const at = line.indexOf('=');
    if (at === -1) throw faultAt(text, range.start, 'a line is KEY=value or starts with a number sign: correct it');
    const value = { start: range.start + at + 1, end: range.end };
    const scalar = textScalar(line.slice(at + 1).replaceAll('\\n', '\n'));
    items.push({
      kind: 'entry',
      key: line.slice(0, at),
      range,
      value: { kind: 'leaf', scalar, range: value, needsQuotes: false },
    });
  }
  return { kind: 'map', range: { start: 0, end: text.length }, isFlow: false, items };
}
