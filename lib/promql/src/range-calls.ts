/** Functions of range vectors, over every series: of floats, of native histograms, and of ranges that are extended. */
import { OperatingError } from '@plumb/base';
import { type Annotate, notes } from './annotations.ts';
import { type Call, type Expression, type Extension, METRIC_NAME, withoutParentheses } from './ast.ts';
import type { Context } from './context.ts';
import {
  EXTENDED_FUNCTIONS,
  extendedFunction,
  MIXED_FUNCTIONS,
  noticingOverlaps,
  passingOverHistograms,
} from './mixed-functions.ts';
import { mapMixedWindows } from './mixed-windows.ts';
import { labelOf } from './queryable.ts';
import { NAME_KEEPING_FUNCTIONS, SORTING_FUNCTIONS } from './range-functions.ts';
import { evaluateRanges, mapSteps, mapWindows, type RangeSeries, type WindowFunction } from './range-windows.ts';
import { SERIES_FUNCTIONS } from './series-functions.ts';
import type { Column } from './vector.ts';

const RATE_FUNCTIONS: ReadonlySet<string> = new Set(['rate', 'increase']);

/**
 * The columns of a call whose argument `index` is the range vector; `run` computes it for floats.
 * @throws OperatingError `invalid` when the range is anchored or smoothed and the function cannot take it.
 */
export async function overWindows(
  { name, args }: Call,
  index: number,
  run: WindowFunction,
  context: Context,
): Promise<Column[]> {
  const range = withoutParentheses(args[index] as Expression);
  const annotate: Annotate = (note) => context.annotations.add(note, range.span);
  assertTakes(name, range.kind === 'range-selector' ? range.selector.extension : undefined);
  const ranges = await evaluateRanges(range, context);
  const keepsName = NAME_KEEPING_FUNCTIONS.has(name);
  const ofSeries = SERIES_FUNCTIONS[name];
  const work = SORTING_FUNCTIONS.has(name) ? 'sort' : 'scan';
  const { extension } = ranges;
  const ofMixed =
    extension === undefined ? (MIXED_FUNCTIONS[name] ?? passingOverHistograms(run)) : extendedFunction(name, extension);
  const columns: Column[] = [];
  for (const series of ranges.series) {
    const isPlain = extension === undefined && series.histograms === undefined;
    let column: Column | undefined;
    if (!isPlain) column = await mapMixedWindows(series, ranges, context, { keepsName, run: ofMixed, annotate });
    else if (ofSeries !== undefined && series.startTimes === undefined)
      column = await mapSteps(series, ranges, context, ofSeries(series));
    else
      column = await mapWindows(series, ranges, context, {
        keepsName,
        work,
        run: ofPlain(name, series, run, annotate),
      });
    if (column === undefined) continue;
    columns.push(column);
    if (RATE_FUNCTIONS.has(name)) noteNoCounter(column, annotate);
  }
  return columns;
}

function assertTakes(name: string, extension: Extension | undefined): void {
  if (extension === undefined || EXTENDED_FUNCTIONS[extension].includes(name)) return;
  const functions = EXTENDED_FUNCTIONS[extension].join(', ');
  throw new OperatingError('invalid', `${extension} modifier can only be used with: ${functions} - not with ${name}`);
}

function ofPlain(
  name: string,
  { labels, startTimes }: RangeSeries,
  run: WindowFunction,
  annotate: Annotate,
): WindowFunction {
  if (startTimes === undefined || !RATE_FUNCTIONS.has(name)) return run;
  return noticingOverlaps(run, labelOf(labels, METRIC_NAME), annotate);
}

/** A rate of what is called or typed as something else is likely a mistake. */
function noteNoCounter({ labels, present, histograms }: Column, annotate: Annotate): void {
  const name = labelOf(labels, METRIC_NAME);
  if (name === '' || !present.some((isPresent, step) => isPresent === 1 && histograms?.[step] === undefined)) return;
  const type = labelOf(labels, '__type__');
  if (type !== '') {
    if (type !== 'counter' && type !== 'histogram') annotate(notes.possiblyNoCounterType(name, type));
  } else if (!/_(?:total|sum|count|bucket)$/.test(name)) annotate(notes.possiblyNoCounter(name));
}
