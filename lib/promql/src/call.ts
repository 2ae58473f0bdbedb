/** Function calls: which function computes what of which arguments. `signatures.ts` says what the parser lets through. */
import { assert } from '@plumb/base';
import { type Call, type Expression, withoutParentheses } from './ast.ts';
import type { Context } from './context.ts';
import { histogramFractions, histogramQuantiles } from './classic-histogram.ts';
import { clampTo, DATE_FUNCTIONS, roundTo, VALUE_FUNCTIONS } from './instant-functions.ts';
import { evaluateTimestamps } from './instant-selector.ts';
import { joinLabels, labelsOfAbsent, replaceLabel, sortByLabels } from './label-functions.ts';
import {
  NAME_KEEPING_FUNCTIONS,
  predictLinear,
  quantileOverTime,
  RANGE_FUNCTIONS,
  SORTING_FUNCTIONS,
} from './range-functions.ts';
import { evaluateRanges, mapWindows, type WindowFunction } from './range-windows.ts';
import { type Column, emptyColumn, hasValues, mapColumn, stepAt, type Value } from './vector.ts';

export async function evaluateCall(call: Call, context: Context): Promise<Value> {
  const { name, args } = call;
  const { count } = context.grid;
  const vector = (columns: readonly Column[]): Value => ({ kind: 'vector', columns: columns.filter(hasValues) });
  const argument = new Arguments(args, context);

  const ofWindow = RANGE_FUNCTIONS[name];
  if (ofWindow !== undefined) return vector(await overWindows(args[0] as Expression, context, ofWindow, name));
  const ofValue = VALUE_FUNCTIONS[name];
  if (ofValue !== undefined) return vector((await argument.vector(0)).map((column) => mapColumn(column, ofValue)));
  const ofDate = DATE_FUNCTIONS[name];
  if (ofDate !== undefined) {
    const columns = args.length === 0 ? [scalarColumn(timesInSeconds(context))] : await argument.vector(0);
    return vector(columns.map((column) => mapColumn(column, (value) => ofDate(new Date(value * 1_000)))));
  }

  switch (name) {
    case 'pi':
      return { kind: 'scalar', values: new Float64Array(count).fill(Math.PI) };
    case 'time':
      return { kind: 'scalar', values: timesInSeconds(context) };
    case 'scalar':
      return { kind: 'scalar', values: onlyValues(await argument.vector(0), count) };
    case 'vector':
      return vector([scalarColumn(await argument.scalar(0))]);
    case 'absent':
      return vector([absence(await argument.vector(0), args[0] as Expression, count)]);
    case 'absent_over_time':
      return vector([
        absence(await overWindows(args[0] as Expression, context, () => 1, name), args[0] as Expression, count),
      ]);
    case 'timestamp':
      return vector(await timestamps(args[0] as Expression, context));
    case 'round': {
      const nearest = args.length > 1 ? await argument.scalar(1) : new Float64Array(count).fill(1);
      return vector(
        (await argument.vector(0)).map((column) =>
          mapColumn(column, (value, step) => roundTo(value, nearest[step] as number)),
        ),
      );
    }
    case 'clamp':
      return vector(clampColumns(await argument.vector(0), await argument.scalar(1), await argument.scalar(2)));
    case 'clamp_min':
      return vector(
        clampColumns(await argument.vector(0), await argument.scalar(1), new Float64Array(count).fill(Infinity)),
      );
    case 'clamp_max':
      return vector(
        clampColumns(await argument.vector(0), new Float64Array(count).fill(-Infinity), await argument.scalar(1)),
      );
    case 'quantile_over_time':
      return vector(
        await overWindows(args[1] as Expression, context, quantileOverTime(await argument.scalar(0)), name),
      );
    case 'predict_linear':
      return vector(
        await overWindows(args[0] as Expression, context, predictLinear(await argument.scalar(1), context.grid), name),
      );
    case 'histogram_quantile':
      return vector(histogramQuantiles(await argument.scalar(0), await argument.vector(1)));
    case 'histogram_fraction':
      return vector(histogramFractions(await argument.scalar(0), await argument.scalar(1), await argument.vector(2)));
    case 'sort_by_label':
    case 'sort_by_label_desc': {
      const names = args.slice(1).map((_, i) => argument.text(i + 1));
      return vector(sortByLabels(await argument.vector(0), names, name === 'sort_by_label' ? 1 : -1));
    }
    case 'sort':
    case 'sort_desc':
      return vector(sortColumns(await argument.vector(0), name === 'sort' ? 1 : -1));
    case 'label_replace': {
      const [target, replacement, source, pattern] = [
        argument.text(1),
        argument.text(2),
        argument.text(3),
        argument.text(4),
      ];
      return vector(replaceLabel(await argument.vector(0), { target, replacement, source, pattern }));
    }
    case 'label_join': {
      const sources = args.slice(3).map((_, i) => argument.text(i + 3));
      return vector(
        joinLabels(await argument.vector(0), { target: argument.text(1), separator: argument.text(2), sources }),
      );
    }
  }
  assert(false, `function ${name} is in the signatures and has code`);
}

/** The arguments of a call, as the types that the parser saw to. */
class Arguments {
  readonly #args: readonly Expression[];
  readonly #context: Context;

  constructor(args: readonly Expression[], context: Context) {
    this.#args = args;
    this.#context = context;
  }

  async vector(index: number): Promise<readonly Column[]> {
    const value = await this.#context.evaluate(this.#args[index] as Expression, this.#context);
    assert(value.kind === 'vector', 'the parser saw to the type');
    return value.columns;
  }

  async scalar(index: number): Promise<Float64Array> {
    const value = await this.#context.evaluate(this.#args[index] as Expression, this.#context);
    assert(value.kind === 'scalar', 'the parser saw to the type');
    return value.values;
  }

  text(index: number): string {
    const node = withoutParentheses(this.#args[index] as Expression);
    assert(node.kind === 'string', 'the parser saw to the type');
    return node.value;
  }
}

async function overWindows(range: Expression, context: Context, run: WindowFunction, name: string): Promise<Column[]> {
  return mapWindows(await evaluateRanges(range, context), context, {
    keepsName: NAME_KEEPING_FUNCTIONS.has(name),
    run,
    work: SORTING_FUNCTIONS.has(name) ? 'sort' : 'scan',
  });
}

function timesInSeconds({ grid }: Context): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, step) => stepAt(grid, step) / 1_000);
}

function scalarColumn(values: Float64Array): Column {
  return { labels: {}, dropsName: false, values, present: new Uint8Array(values.length).fill(1) };
}

/** The value where exactly one series has one, NaN elsewhere. */
function onlyValues(columns: readonly Column[], count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, step) => {
    const present = columns.filter((column) => column.present[step] === 1);
    return present.length === 1 ? (present[0]?.values[step] ?? NaN) : NaN;
  });
}

/** 1 where no column has a value. */
function absence(columns: readonly Column[], expression: Expression, count: number): Column {
  const column = emptyColumn(labelsOfAbsent(expression), count);
  for (let step = 0; step < count; step += 1) {
    if (columns.some(({ present }) => present[step] === 1)) continue;
    column.values[step] = 1;
    column.present[step] = 1;
  }
  return column;
}

/** Of a selector, when its samples were taken; of anything else, when it was evaluated. */
async function timestamps(expression: Expression, context: Context): Promise<Column[]> {
  const node = withoutParentheses(expression);
  if (node.kind === 'selector') return evaluateTimestamps(node, context);
  const value = await context.evaluate(node, context);
  assert(value.kind === 'vector', 'the parser saw to the type');
  return value.columns.map((column) => mapColumn(column, (_, step) => stepAt(context.grid, step) / 1_000));
}

/** Nothing where the bounds are the wrong way round. */
function clampColumns(columns: readonly Column[], min: Float64Array, max: Float64Array): Column[] {
  const isPossible = (step: number): boolean => !((min[step] as number) > (max[step] as number));
  return columns.map((column) => {
    const clamped = mapColumn(column, (value, step) => clampTo(value, min[step] as number, max[step] as number));
    return { ...clamped, present: column.present.map((isPresent, step) => (isPossible(step) ? isPresent : 0)) };
  });
}

/** By the value of an instant query; a range query has no order. NaN comes last either way. */
function sortColumns(columns: readonly Column[], direction: 1 | -1): readonly Column[] {
  if ((columns[0]?.present.length ?? 0) !== 1) return columns;
  return columns.toSorted((a, b) => {
    const [left, right] = [a.values[0] as number, b.values[0] as number];
    if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
    return left === right ? 0 : (left < right ? -1 : 1) * direction;
  });
}
