/**
 * Comments of YAML with the map or list that each belongs to, as Go's yaml.v3 sees it: a comment is encrypted with the path
 * of that, and may decide what beside it is encrypted.
 */
import { Lexer } from 'yaml';
import type { SopsComment } from './sops-tree.ts';
import type { DraftList, DraftMap } from './yaml-tree.ts';

/** What the lexer puts before a scalar, whose text may start with a number sign. */
const SCALAR_MARK = '\u001f';
/** Tokens that stand for something that is not in the text: the start of a document, a scalar, an error in a flow. */
const MARKS = new Set(['\u0002', SCALAR_MARK, '\u0018']);

/** The comments of a text without errors, in order. A byte order mark at the start counts as one unit. */
export function findComments(text: string): SopsComment[] {
  const comments: SopsComment[] = [];
  let [offset, before] = [0, ''];
  for (const token of new Lexer().lex(text)) {
    if (!MARKS.has(token)) {
      if (token.startsWith('#') && before !== SCALAR_MARK) {
        const source = token.replace(/\r$/, '');
        comments.push({
          kind: 'comment',
          text: source.slice(1),
          range: { start: offset, end: offset + source.length },
        });
      }
      offset += token.length;
    }
    before = token;
  }
  return comments;
}

type Draft = DraftMap | DraftList;

/** Puts each comment into the map or list it belongs to, before the entry that it is about. */
export function placeComments(root: Draft, comments: readonly SopsComment[], text: string): void {
  for (const comment of comments) placeComment(root, comment, text);
}

function placeComment(draft: Draft, comment: SopsComment, text: string): void {
  const { start } = comment.range;
  const items = draft.items as Draft['items'][number][];
  const next = items.findIndex((item) => item.range.start > start);
  const before = items.slice(0, next === -1 ? items.length : next).findLastIndex((item) => item.kind !== 'comment');
  const item = items[before];
  const inner = item?.kind === 'entry' ? item.value : item;
  if (isDraft(inner) && isWithin(inner, start, text)) return placeComment(inner, comment, text);
  if (item?.kind === 'entry' && isDraft(inner) && inner.isFlow && isBeside(start, text)) {
    // `key: [a, b] # about the list`: to Go it is a comment of the list, and stands first in it.
    (inner.items as SopsComment[]).unshift(comment);
    return;
  }
  // Beside a value it is about that value; on a line of its own about what follows.
  const index = before !== -1 && isBeside(start, text) ? before : next === -1 ? items.length : next;
  items.splice(index, 0, comment);
}

function isWithin(draft: Draft, offset: number, text: string): boolean {
  if (draft.isFlow) return offset > draft.range.start && offset < draft.range.end;
  if (offset < draft.range.start && isBeside(offset, text)) return false;
  return columnOf(offset, text) >= columnOf(draft.range.start, text);
}

/** Whether something else stands before it on its line. */
function isBeside(offset: number, text: string): boolean {
  return text.slice(lineStart(offset, text), offset).trim() !== '';
}

function columnOf(offset: number, text: string): number {
  return offset - lineStart(offset, text);
}

function lineStart(offset: number, text: string): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function isDraft(node: unknown): node is Draft {
  return typeof node === 'object' && node !== null && 'isFlow' in node;
}
