/** The evaluation of any node of a syntax tree: what the functions of other nodes call for their arguments. */
import { assert } from '@plumb/base';
import { evaluateAggregate } from './aggregate.ts';
import type { Annotate } from './annotations.ts';
import type { Expression } from './ast.ts';
import { evaluateBinary } from './binary.ts';
import { evaluateCall } from './call.ts';
import type { Context } from './context.ts';
import { evaluateSelector } from './instant-selector.ts';
import { multiplyHistogram } from './native-histogram/arithmetic.ts';
import { type Column, mapColumn, mapHistograms, mergeColumns, type Value } from './vector.ts';

export async function evaluateNode(node: Expression, context: Context): Promise<Value> {
  const { count } = context.grid;
  switch (node.kind) {
    case 'number':
      return { kind: 'scalar', values: new Float64Array(count).fill(node.value) };
    case 'string':
      return { kind: 'string', text: node.value };
    case 'selector':
      return { kind: 'vector', columns: await evaluateSelector(node, context) };
    case 'range-selector':
    case 'subquery':
      return assert(false, 'range vectors are read by the functions that take them') as never;
    case 'call':
      return evaluateCall(node, context);
    case 'parentheses':
      return evaluateNode(node.expression, context);
    case 'unary': {
      const value = await evaluateNode(node.expression, context);
      return node.operator === '-' ? negated(value) : value;
    }
    case 'binary': {
      const left = await evaluateNode(node.left, context);
      const annotate: Annotate = (note) => context.annotations.add(note, node.span);
      const value = evaluateBinary(node, left, await evaluateNode(node.right, context), annotate);
      await context.budget.pause(value.kind === 'vector' ? value.columns.length * count : count);
      return value;
    }
    case 'aggregate': {
      const parameter = node.parameter === undefined ? undefined : await evaluateNode(node.parameter, context);
      const value = await evaluateNode(node.expression, context);
      assert(value.kind === 'vector', 'the parser saw to the type');
      return {
        kind: 'vector',
        columns: await evaluateAggregate(node, value.columns, parameter, context),
      };
    }
  }
}

function negated(value: Value): Value {
  if (value.kind === 'scalar') return { kind: 'scalar', values: value.values.map((number) => -number) };
  assert(value.kind === 'vector', 'the parser saw to the type');
  return { kind: 'vector', columns: value.columns.map(negatedColumn) };
}

function negatedColumn(column: Column): Column {
  const floats = mapColumn(column, (number) => -number);
  if (column.histograms === undefined) return floats;
  const histograms = mapHistograms(column, (histogram) => multiplyHistogram(histogram, -1));
  return mergeColumns([floats, histograms])[0] as Column;
}
