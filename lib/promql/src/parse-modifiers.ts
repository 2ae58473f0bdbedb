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
  const rest = cursor.peek();
  if (rest.kind === 'identifier' && /^fill(_left|_right)?$/i.test(rest.text) && cursor.isSymbol('(', 1)) {
    throw cursor.error(rest, `"${rest.text}" is not supported: Prometheus has it as an experiment, Plumb does not`);
  }
  return kind === undefined ? { isBool } : { isBool, matching: { kind, labels, group } };
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
