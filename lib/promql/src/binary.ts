/** Operators between scalars and vectors. */
import { assert } from '@plumb/base';
import type { Annotate } from './annotations.ts';
import { type Binary, isComparison, isSetOperator, isTrim } from './ast.ts';
import { matchColumns } from './match-columns.ts';
import { applyOperator, operate, setAnswer } from './operate.ts';
import { evaluateSet } from './set-operators.ts';
import { type Column, emptyColumn, hasValues, sampleAt, type Value } from './vector.ts';

export function evaluateBinary(node: Binary, left: Value, right: Value, annotate: Annotate): Value {
  assert(left.kind !== 'string' && right.kind !== 'string', 'operators on strings do not parse');
  const { operator } = node;
  if (left.kind === 'scalar') {
    if (right.kind === 'scalar') {
      return {
        kind: 'scalar',
        values: left.values.map((value, step) => Number(applyOperator(operator, value, right.values[step] as number))),
      };
    }
    const work = { node, annotate, isScalarLeft: true };
    return vectorOf(right.columns.map((column) => withScalar(work, column, left.values)));
  }
  if (right.kind === 'scalar') {
    const work = { node, annotate, isScalarLeft: false };
    return vectorOf(left.columns.map((column) => withScalar(work, column, right.values)));
  }
  return vectorOf(
    isSetOperator(operator)
      ? evaluateSet(node, left.columns, right.columns)
      : matchColumns(node, left.columns, right.columns, annotate),
  );
}

function vectorOf(columns: readonly Column[]): Value {
  return { kind: 'vector', columns: columns.filter(hasValues) };
}

type ScalarWork = { readonly node: Binary; readonly annotate: Annotate; readonly isScalarLeft: boolean };

function withScalar({ node, annotate, isScalarLeft }: ScalarWork, column: Column, scalars: Float64Array): Column {
  const { operator, isBool } = node;
  const keepsName = (isComparison(operator) && !isBool) || isTrim(operator);
  const result = emptyColumn(column.labels, scalars.length, column.dropsName || !keepsName);
  const isPlain = column.histograms === undefined && !isTrim(operator);
  for (let step = 0; step < scalars.length; step += 1) {
    if (column.present[step] !== 1) continue;
    const scalar = scalars[step] as number;
    if (!isPlain) {
      const sample = sampleAt(column, step);
      const answer = isScalarLeft
        ? operate(operator, scalar, sample, annotate)
        : operate(operator, sample, scalar, annotate);
      setAnswer(result, step, answer, { isBool, value: sample });
      continue;
    }
    const value = column.values[step] as number;
    const answer = isScalarLeft ? applyOperator(operator, scalar, value) : applyOperator(operator, value, scalar);
    setAnswer(result, step, answer, { isBool, value });
  }
  return result;
}
