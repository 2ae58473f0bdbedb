/** The words around operators: `by`, `without`, `bool`, `on`, `ignoring`, `group_left`, `group_right`. */
import { type BinaryOperator, type Grouping, isComparison, isSetOperator, type Matching } from './ast.ts';
import { describeToken, type TokenCursor } from './token-cursor.ts';

export function parseGrouping(cursor: TokenCursor): Grouping | undefined {
  for (const kind of ['by', 'without'] as const) {
    if (cursor.takeWord(kind)) return { kind, labels: parseLabelList(cursor, kind) };
  }
  return undefined;
}

export function parseBinaryModifiers(
  cursor: TokenCursor,
  operator: BinaryOperator,
): { readonly isBool: boolean; readonly matching?: Matching | undefined } {
  const token = cursor.peek();
  const isBool = cursor.takeWord('bool');
  if (isBool && !isComparison(operator))
    throw cursor.error(token, `"bool" can only follow a comparison, not "${operator}"`);
  const kind = cursor.takeWord('on') ? 'on' : cursor.takeWord('ignoring') ? 'ignoring' : undefined;
  const labels = kind === undefined ? [] : parseLabelList(cursor, kind);
  const group = kind === undefined ? undefined : parseGroup(cursor, operator);
  const fill = parseFills(cursor, operator);
  if (kind === undefined && fill === undefined) return { isBool };
  return { isBool, matching: { kind: kind ?? 'ignoring', labels, group, ...(fill === undefined ? {} : { fill }) } };
}

/** `fill(0)` for both sides, or `fill_left(0)` and `fill_right(0)`, each once. A metric can be called so too. */
function parseFills(cursor: TokenCursor, operator: BinaryOperator): Matching['fill'] {
  const fill: { left?: number; right?: number } = {};
  for (;;) {
    const token = cursor.peek();
    const word = token.text.toLowerCase();
    const isFill = token.kind === 'identifier' && /^fill(_left|_right)?$/.test(word) && cursor.isSymbol('(', 1);
    if (!isFill) return fill.left === undefined && fill.right === undefined ? undefined : fill;
    if (isSetOperator(operator))
      throw cursor.error(token, `"${token.text}" cannot be used with the set operator "${operator}"`);
    const sides = word === 'fill' ? (['left', 'right'] as const) : ([word === 'fill_left' ? 'left' : 'right'] as const);
    if (sides.some((side) => fill[side] !== undefined))
      throw cursor.error(token, `"${token.text}" fills a side that has a value already`);
    cursor.next();
    cursor.next();
    const value = parseFillValue(cursor, token.text);
    for (const side of sides) fill[side] = value;
  }
}

function parseFillValue(cursor: TokenCursor, word: string): number {
  const sign = cursor.takeSymbol('-') ? -1 : 1;
  if (sign === 1) cursor.takeSymbol('+');
  const token = cursor.next();
  if (token.kind !== 'number' && token.kind !== 'duration')
    throw cursor.error(token, `expected a number in "${word}", found ${describeToken(token)}`);
  cursor.expectSymbol(')', `after the number of "${word}"`);
  return sign * token.value;
}

function parseGroup(cursor: TokenCursor, operator: BinaryOperator): Matching['group'] {
  const token = cursor.peek();
  const side = cursor.takeWord('group_left') ? 'left' : cursor.takeWord('group_right') ? 'right' : undefined;
  if (side === undefined) return undefined;
  if (isSetOperator(operator))
    throw cursor.error(token, `"${token.text}" cannot be used with the set operator "${operator}"`);
  return { side, include: cursor.isSymbol('(') ? parseLabelList(cursor, token.text) : [] };
}

function parseLabelList(cursor: TokenCursor, after: string): string[] {
  cursor.expectSymbol('(', `after "${after}"`);
  const labels: string[] = [];
  while (!cursor.takeSymbol(')')) {
    const token = cursor.next();
    const isName = token.kind === 'string' || (token.kind === 'identifier' && !token.text.includes(':'));
    // `inf` and `nan` are numbers elsewhere, and label names here.
    if (!isName && !(token.kind === 'number' && /^[a-z]+$/i.test(token.text))) {
      throw cursor.error(token, `expected a label name in "${after}", found ${describeToken(token)}`);
    }
    labels.push(token.text);
    if (!cursor.isSymbol(')')) cursor.expectSymbol(',', `or ")" in the labels of "${after}"`);
  }
  return labels;
}
