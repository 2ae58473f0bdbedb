/** Operators between scalars and vectors, and the matching of series between two vectors. */
import { assert, OperatingError } from '@plumb/base';
import {
  type Binary,
  type BinaryOperator,
  isComparison,
  isMetadataLabel,
  isSetOperator,
  type Matching,
  METRIC_NAME,
} from './ast.ts';
import { filterLabels, type Labels, labelOf, labelsKey, withLabel } from './queryable.ts';
import { type Column, emptyColumn, formatLabels, hasValues, mergeColumns, type Value } from './vector.ts';

export function evaluateBinary(node: Binary, left: Value, right: Value): Value {
  assert(left.kind !== 'string' && right.kind !== 'string', 'operators on strings do not parse');
  const { operator } = node;
  if (left.kind === 'scalar') {
    if (right.kind === 'scalar') {
      return {
        kind: 'scalar',
        values: left.values.map((value, step) => Number(applyOperator(operator, value, right.values[step] as number))),
      };
    }
    return {
      kind: 'vector',
      columns: right.columns.map((column) => withScalar(node, column, left.values, true)).filter(hasValues),
    };
  }
  if (right.kind === 'scalar') {
    return {
      kind: 'vector',
      columns: left.columns.map((column) => withScalar(node, column, right.values, false)).filter(hasValues),
    };
  }
  const columns = isSetOperator(operator)
    ? evaluateSet(node, left.columns, right.columns)
    : matchColumns(node, left.columns, right.columns);
  return { kind: 'vector', columns: columns.filter(hasValues) };
}

/** A comparison answers true or false. */
function applyOperator(operator: BinaryOperator, a: number, b: number): number | boolean {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return power(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case 'and':
    case 'or':
    case 'unless':
      return NaN; // Between sets of series, never between values.
  }
}

/** As IEEE 754 and Go have it: 1^x is 1 for every x, which JavaScript answers with NaN for NaN and the infinities. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function withScalar(
  { operator, isBool }: Binary,
  column: Column,
  scalars: Float64Array,
  isScalarLeft: boolean,
): Column {
  const keepsName = isComparison(operator) && !isBool;
  const result = emptyColumn(column.labels, scalars.length, column.dropsName || !keepsName);
  for (let step = 0; step < scalars.length; step += 1) {
    if (column.present[step] !== 1) continue;
    const [value, scalar] = [column.values[step] as number, scalars[step] as number];
    const answer = isScalarLeft ? applyOperator(operator, scalar, value) : applyOperator(operator, value, scalar);
    setAnswer(result, step, answer, { isBool, value });
  }
  return result;
}

/** A comparison keeps `value` where it holds; with `bool` it is 0 or 1 everywhere. */
function setAnswer(
  column: Column,
  step: number,
  answer: number | boolean,
  { isBool, value }: { isBool: boolean; value: number },
): void {
  if (answer === false && !isBool) return;
  column.values[step] = typeof answer === 'number' ? answer : isBool ? Number(answer) : value;
  column.present[step] = 1;
}

/** The labels that decide which series of two vectors belong together. */
function signatureOf(matching: Matching | undefined): (labels: Labels) => string {
  const named = new Set(matching?.labels ?? []);
  if (matching?.kind === 'on') return (labels) => labelsKey(filterLabels(labels, (name) => named.has(name)));
  return (labels) => labelsKey(filterLabels(labels, (name) => !named.has(name) && name !== METRIC_NAME));
}

function evaluateSet({ operator, matching }: Binary, left: readonly Column[], right: readonly Column[]): Column[] {
  const signature = signatureOf(matching);
  const rightPresence = presenceBySignature(right, signature);
  if (operator === 'or') {
    const leftPresence = presenceBySignature(left, signature);
    return [...left, ...right.map((column) => masked(column, leftPresence.get(signature(column.labels)), false))];
  }
  return left.map((column) => masked(column, rightPresence.get(signature(column.labels)), operator === 'and'));
}

function presenceBySignature(
  columns: readonly Column[],
  signature: (labels: Labels) => string,
): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  for (const { labels, present } of columns) {
    const key = signature(labels);
    const known = presence.get(key);
    presence.set(
      key,
      known === undefined ? present : known.map((isPresent, step) => isPresent | (present[step] as number)),
    );
  }
  return presence;
}

/** The column where `mask` is set (or is not, when `wanted` is false). */
function masked(column: Column, mask: Uint8Array | undefined, wanted: boolean): Column {
  const isWanted = (step: number): boolean => (mask?.[step] === 1) === wanted;
  return { ...column, present: column.present.map((isPresent, step) => (isPresent === 1 && isWanted(step) ? 1 : 0)) };
}

/** Pairs each series of the "many" side with the one of the other side that has its signature. */
function matchColumns(node: Binary, left: readonly Column[], right: readonly Column[]): Column[] {
  const signature = signatureOf(node.matching);
  const isRightMany = node.matching?.group?.side === 'right';
  const [many, ones] = isRightMany ? [right, left] : [left, right];
  const onesBySignature = Map.groupBy(ones, ({ labels }) => signature(labels));
  const usedBy = new Map<string, Uint8Array>();
  const results: Column[] = [];
  for (const column of many) {
    const key = signature(column.labels);
    const partners = onesBySignature.get(key);
    if (partners === undefined) continue;
    const side = isRightMany ? 'left' : 'right';
    const partner = oneOf(partners, side);
    const labels = resultLabels(node, column.labels, partner.labels);
    const result = combine(node, { labels, many: column, one: partner, isRightMany });
    if (node.matching?.group === undefined) assertUnique(usedBy, key, { result, column, partner });
    results.push(result);
  }
  return uniqueColumns(node, results);
}

/** One column of several that are never present together. @throws OperatingError `invalid` when two are. */
function oneOf(partners: readonly Column[], side: string): Column {
  const [first, ...rest] = partners;
  assert(first !== undefined, 'a group has a member');
  return rest.reduce((joined, partner) => {
    const clash = joined.present.findIndex((isPresent, step) => isPresent === 1 && partner.present[step] === 1);
    if (clash >= 0) {
      const both = `${formatLabels(joined.labels)} and ${formatLabels(partner.labels)}`;
      throw new OperatingError(
        'invalid',
        `found duplicate series for the match group on the ${side} hand-side of the operation: ${both}; many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    return mergeColumns([joined, { ...partner, labels: joined.labels }])[0] as Column;
  }, first);
}

function combine(
  { operator, isBool }: Binary,
  { labels, many, one, isRightMany }: { labels: Labels; many: Column; one: Column; isRightMany: boolean },
): Column {
  const isFilter = isComparison(operator) && !isBool;
  // A filter's result is a series of the left side; what is computed has lost its name already.
  const dropsName = isBool || (isRightMany ? one : many).dropsName || (isFilter && many.dropsName);
  const result = emptyColumn(labels, many.present.length, dropsName);
  for (let step = 0; step < many.present.length; step += 1) {
    if (many.present[step] !== 1 || one.present[step] !== 1) continue;
    const [manyValue, oneValue] = [many.values[step] as number, one.values[step] as number];
    const [a, b] = isRightMany ? [oneValue, manyValue] : [manyValue, oneValue];
    setAnswer(result, step, applyOperator(operator, a, b), { isBool, value: a });
  }
  return result;
}

function resultLabels({ operator, matching }: Binary, many: Labels, one: Labels): Labels {
  const named = new Set(matching?.labels ?? []);
  const withoutName = isComparison(operator) ? many : filterLabels(many, (name) => !isMetadataLabel(name));
  const group = matching?.group;
  if (group !== undefined)
    return group.include.reduce((labels, name) => withLabel(labels, name, labelOf(one, name)), withoutName);
  return filterLabels(withoutName, (name) => named.has(name) === (matching?.kind === 'on'));
}

/** Two series of the left side for one of the right, at one step, is an error even where a comparison drops one. */
function assertUnique(
  usedBy: Map<string, Uint8Array>,
  key: string,
  { column, partner }: { result: Column; column: Column; partner: Column },
): void {
  const used = usedBy.get(key) ?? new Uint8Array(column.present.length);
  for (let step = 0; step < used.length; step += 1) {
    if (column.present[step] !== 1 || partner.present[step] !== 1) continue;
    if (used[step] === 1) {
      throw new OperatingError(
        'invalid',
        'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
      );
    }
    used[step] = 1;
  }
  usedBy.set(key, used);
}

function uniqueColumns({ matching }: Binary, columns: readonly Column[]): Column[] {
  try {
    return mergeColumns(columns);
  } catch (error) {
    if (matching?.group === undefined) throw error;
    throw new OperatingError('invalid', 'multiple matches for labels: grouping labels must ensure unique matches', {
      cause: error,
    });
  }
}
