/** Function calls: which function computes what of which arguments. `signatures.ts` says what the parser lets through. */
import { assert } from '@plumb/base';
import { type Annotate, notes } from './annotations.ts';
import { type Call, type Expression, withoutParentheses } from './ast.ts';
import type { Context } from './context.ts';
import {
  HISTOGRAM_FUNCTIONS,
  histogramFractions,
  histogramQuantiles,
  labelledQuantiles,
  STATISTICS_FUNCTIONS,
} from './histogram-functions.ts';
import { evaluateInfo } from './info.ts';
import { clampTo, DATE_FUNCTIONS, roundTo, VALUE_FUNCTIONS } from './instant-functions.ts';
import { evaluateStartTimes, evaluateTimestamps } from './instant-selector.ts';
import { joinLabels, labelsOfAbsent, replaceLabel } from './label-functions.ts';
import { noteQuantiles, predictLinear, quantileOverTime, RANGE_FUNCTIONS, smoothTwice } from './range-functions.ts';
import { overWindows } from './range-calls.ts';
import { SORT_FUNCTIONS, sortByLabels, sortByValue } from './sort.ts';
import {
  type Column,
  emptyColumn,
  hasValues,
  mapColumn,
  mapHistograms,
  numbersOf,
  stepAt,
  type Value,
} from './vector.ts';

export async function evaluateCall(call: Call, context: Context): Promise<Value> {
  const { name, args } = call;
  const vector = (columns: readonly Column[]): Value => ({ kind: 'vector', columns: columns.filter(hasValues) });
  const argument = new Arguments(args, context);

  const ofWindow = RANGE_FUNCTIONS[name];
  if (ofWindow !== undefined) return vector(await overWindows(call, 0, ofWindow, context));
  const ofValue = VALUE_FUNCTIONS[name];
  if (ofValue !== undefined) return vector((await argument.vector(0)).map((column) => mapColumn(column, ofValue)));
  const ofDate = DATE_FUNCTIONS[name];
  if (ofDate !== undefined) {
    const columns = args.length === 0 ? [scalarColumn(timesInSeconds(context))] : await argument.vector(0);
    return vector(columns.map((column) => mapColumn(column, (value) => ofDate(new Date(value * 1_000)))));
  }
  const ofHistogram = HISTOGRAM_FUNCTIONS[name];
  if (ofHistogram !== undefined) {
    const inner = new Arguments(args, STATISTICS_FUNCTIONS.has(name) ? { ...context, hintsResets: true } : context);
    return vector((await inner.vector(0)).map((column) => mapHistograms(column, ofHistogram)));
  }
  if (SORT_FUNCTIONS.has(name)) return vector(await sorted(call, argument, context));
  return evaluateOther(call, argument, context, vector);
}

async function evaluateOther(
  call: Call,
  argument: Arguments,
  context: Context,
  vector: (columns: readonly Column[]) => Value,
): Promise<Value> {
  const { name, args } = call;
  const { count } = context.grid;
  const constant = (value: number): Float64Array => new Float64Array(count).fill(value);
  const annotateAt =
    (index: number): Annotate =>
    (note) =>
      context.annotations.add(note, withoutParentheses(args[index] as Expression).span);
  switch (name) {
    case 'pi':
      return { kind: 'scalar', values: constant(Math.PI) };
    case 'start':
      return { kind: 'scalar', values: constant(context.queryStartAt / 1_000) };
    case 'end':
      return { kind: 'scalar', values: constant(context.queryEndAt / 1_000) };
    case 'range':
      return { kind: 'scalar', values: constant((context.queryEndAt - context.queryStartAt) / 1_000) };
    case 'step':
      return { kind: 'scalar', values: constant(context.queryStepMs / 1_000) };
    case 'min_of':
    case 'max_of': {
      const choose = name === 'min_of' ? Math.min : Math.max;
      const right = await argument.scalar(1);
      return {
        kind: 'scalar',
        values: (await argument.scalar(0)).map((left, step) => choose(left, right[step] as number)),
      };
    }
    case 'time':
      return { kind: 'scalar', values: timesInSeconds(context) };
    case 'scalar':
      return { kind: 'scalar', values: onlyValues(await argument.vector(0), count) };
    case 'vector':
      return vector([scalarColumn(await argument.scalar(0))]);
    case 'absent':
      return vector([absence(await argument.vector(0), args[0] as Expression, count)]);
    case 'absent_over_time':
      return vector([absence(await overWindows(call, 0, () => 1, context), args[0] as Expression, count)]);
    case 'timestamp':
      return vector(await timestamps(args[0] as Expression, context));
    case 'start_timestamp': {
      const node = withoutParentheses(args[0] as Expression);
      return vector(node.kind === 'selector' ? await evaluateStartTimes(node, context) : []);
    }
    case 'info':
      return vector(await evaluateInfo(call, context));
    case 'round': {
      const nearest = args.length > 1 ? await argument.scalar(1) : constant(1);
      const round = (value: number, step: number): number => roundTo(value, nearest[step] as number);
      return vector((await argument.vector(0)).map((column) => mapColumn(column, round)));
    }
    case 'clamp':
      return vector(clampColumns(await argument.vector(0), await argument.scalar(1), await argument.scalar(2)));
    case 'clamp_min':
      return vector(clampColumns(await argument.vector(0), await argument.scalar(1), constant(Infinity)));
    case 'clamp_max':
      return vector(clampColumns(await argument.vector(0), constant(-Infinity), await argument.scalar(1)));
    case 'quantile_over_time': {
      const quantiles = await argument.scalar(0);
      return vector(await overWindows(call, 1, quantileOverTime(quantiles, annotateAt(0)), context));
    }
    case 'predict_linear':
      return vector(await overWindows(call, 0, predictLinear(await argument.scalar(1), context.grid), context));
    case 'double_exponential_smoothing':
      return vector(
        await overWindows(call, 0, smoothTwice(await argument.scalar(1), await argument.scalar(2)), context),
      );
    case 'histogram_quantile': {
      const quantiles = await argument.scalar(0);
      noteQuantiles(quantiles, annotateAt(0));
      return vector(histogramQuantiles(quantiles, await argument.vector(1), annotateAt(1)));
    }
    case 'histogram_quantiles': {
      const quantiles: Float64Array[] = [];
      for (let i = 2; i < args.length; i += 1) quantiles.push(await argument.scalar(i));
      quantiles.forEach((values, i) => noteQuantiles(values, annotateAt(i + 2)));
      const options = { label: argument.text(1), annotate: annotateAt(0) };
      return vector(labelledQuantiles(quantiles, await argument.vector(0), options));
    }
    case 'histogram_fraction': {
      const bounds = { lowers: await argument.scalar(0), uppers: await argument.scalar(1) };
      return vector(histogramFractions(bounds, await argument.vector(2), annotateAt(2)));
    }
    case 'label_replace': {
      const [target, replacement, source, pattern] = [1, 2, 3, 4].map((i) => argument.text(i)) as [
        string,
        string,
        string,
        string,
      ];
      return vector(replaceLabel(await argument.vector(0), { target, replacement, source, pattern }));
    }
    case 'label_join': {
      const sources = args.slice(3).map((_, i) => argument.text(i + 3));
      const options = { target: argument.text(1), separator: argument.text(2), sources };
      return vector(joinLabels(await argument.vector(0), options));
    }
  }
  assert(false, `function ${name} is in the signatures and has code`);
}

async function sorted({ name, args, span }: Call, argument: Arguments, context: Context): Promise<readonly Column[]> {
  const columns = await argument.vector(0);
  if (context.isRange) context.annotations.add(notes.sortWithoutEffect(), span);
  const direction = name.endsWith('_desc') ? -1 : 1;
  if (name.startsWith('sort_by_label')) {
    const labels = args.slice(1).map((_, i) => argument.text(i + 1));
    return sortByLabels(columns, labels, direction);
  }
  return sortByValue(columns, direction);
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

function timesInSeconds({ grid }: Context): Float64Array {
  return Float64Array.from({ length: grid.count }, (_, step) => stepAt(grid, step) / 1_000);
}

function scalarColumn(values: Float64Array): Column {
  return { labels: {}, dropsName: false, values, present: new Uint8Array(values.length).fill(1) };
}

/** The value where exactly one series has a float, NaN elsewhere. */
function onlyValues(mixed: readonly Column[], count: number): Float64Array {
  const columns = mixed.map(numbersOf);
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
  const times = timesInSeconds(context);
  return value.columns.map(({ labels, present }) => ({ labels, present, dropsName: true, values: times }));
}

/** Nothing where the bounds are the wrong way round. */
function clampColumns(columns: readonly Column[], min: Float64Array, max: Float64Array): Column[] {
  const isPossible = (step: number): boolean => !((min[step] as number) > (max[step] as number));
  return columns.map((column) => {
    const clamped = mapColumn(column, (value, step) => clampTo(value, min[step] as number, max[step] as number));
    return { ...clamped, present: clamped.present.map((isPresent, step) => (isPossible(step) ? isPresent : 0)) };
  });
}
