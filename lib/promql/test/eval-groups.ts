/** Which part of the language an eval needs: the three gates of the judge count them apart. */
import { selectorsOf, walkExpression } from '../src/walk.ts';
import type { Expression } from '../src/ast.ts';
import { parseExpression } from '../src/parser.ts';
import type { ScriptEval } from './script.ts';
import type { ScriptStorage } from './script-storage.ts';

/** `histograms`: native ones are read or expected. `experimental`: behind a feature flag in Prometheus. */
export type EvalGroup = 'plain' | 'experimental' | 'histograms';

const EXPERIMENTAL_FUNCTIONS = new Set([
  'double_exponential_smoothing',
  'first_over_time',
  'histogram_quantiles',
  'info',
  'mad_over_time',
  'sort_by_label',
  'sort_by_label_desc',
  'start_timestamp',
  'ts_of_first_over_time',
  'ts_of_last_over_time',
  'ts_of_max_over_time',
  'ts_of_min_over_time',
]);

export function groupOf({ expression, expected }: ScriptEval, storage: ScriptStorage): EvalGroup {
  if (expected.series.some(({ values }) => values.some((value) => typeof value === 'object'))) return 'histograms';
  let tree: Expression;
  try {
    tree = parseExpression(expression);
  } catch {
    return 'plain';
  }
  const readsHistograms = selectorsOf(tree).some(({ matchers }) =>
    storage.select(matchers, -Infinity, Infinity).some(({ histograms }) => histograms !== undefined),
  );
  if (readsHistograms) return 'histograms';
  const readsStarts = selectorsOf(tree).some(({ matchers }) =>
    storage.select(matchers, -Infinity, Infinity).some(({ startTimes }) => startTimes !== undefined),
  );
  return readsStarts || [...walkExpression(tree)].some(isExperimental) ? 'experimental' : 'plain';
}

function isExperimental(node: Expression): boolean {
  switch (node.kind) {
    case 'call':
      return EXPERIMENTAL_FUNCTIONS.has(node.name);
    case 'aggregate':
      return node.operator === 'limitk' || node.operator === 'limit_ratio';
    case 'binary':
      return node.matching?.fill !== undefined;
    case 'selector':
      return node.extension !== undefined || node.offset !== undefined;
    case 'range-selector':
      return node.range !== undefined;
    case 'subquery':
      return node.range !== undefined || node.step !== undefined || node.offset !== undefined;
    case 'number':
    case 'string':
    case 'unary':
    case 'parentheses':
      return false;
  }
}
