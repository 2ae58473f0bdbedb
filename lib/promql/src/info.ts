/**
 * `info(vector, {labels})`: series with the labels that info metrics, such as `target_info`, have for the same `job` and
 * `instance`.
 */
import { assert, OperatingError } from '@plumb/base';
import { RE2JS } from 're2js';
import {
  type Call,
  type Expression,
  type LabelMatcher,
  METRIC_NAME,
  type Selector,
  type TimeShift,
  withoutParentheses,
} from './ast.ts';
import type { Context } from './context.ts';
import { inSeconds, readNewest } from './instant-selector.ts';
import { type Labels, labelOf, labelsKey } from './queryable.ts';
import { childrenOf } from './walk.ts';
import {
  type Column,
  emptyColumn,
  formatLabels,
  mergeColumns,
  type MutableColumn,
  sampleAt,
  setSample,
} from './vector.ts';

const TARGET_INFO: LabelMatcher = { name: METRIC_NAME, op: '=', value: 'target_info' };
/** What counts as an info metric where a query only says which it does not mean. */
const ANY_INFO: LabelMatcher = { name: METRIC_NAME, op: '=~', value: '.+_info' };
/** What tells whose labels an info metric holds. */
const IDENTIFYING_LABELS = ['instance', 'job'];

/** Beyond it, all info series are read: a pattern of so many alternatives costs more than it saves. The join finds its own. */
const IDENTITY_VALUES_MAX = 200;

/** An info series, and when its newest sample at each step was taken, in seconds. */
type InfoColumn = { readonly name: string; readonly column: Column };

/** @throws OperatingError `invalid` when two info series of one metric, or two metrics, contradict each other. */
export async function evaluateInfo({ args, span }: Call, context: Context): Promise<Column[]> {
  const [vector, selector] = args;
  assert(vector !== undefined, 'the parser saw to the arguments');
  const base = await context.evaluate(vector, context);
  assert(base.kind === 'vector', 'the parser saw to the type');
  const wanted = selector === undefined ? [] : matchersOf(withoutParentheses(selector) as Selector);
  const ofName = wanted.filter(({ name }) => name === METRIC_NAME);
  const ofLabels = wanted.filter(({ name }) => name !== METRIC_NAME);
  const nameMatchers = ofName.length === 0 ? [TARGET_INFO] : ofName.some(isPositive) ? ofName : [...ofName, ANY_INFO];
  // An info metric is not enriched with what it says itself.
  const isPlain = ofName.length === 0 || ofName.some(isPositive);
  const tests = (ofName.length === 0 ? nameMatchers : ofName).map(testOf);
  const isInfo = ({ labels }: Column): boolean => isPlain && tests.every((test) => test(labelOf(labels, METRIC_NAME)));
  const enriched = base.columns.filter((column) => !isInfo(column));
  const infos = await selectInfos(enriched, [...nameMatchers, ...ofLabels], {
    context,
    shift: readShift(vector) ?? { offsetMs: 0 },
    span,
  });
  const join = new InfoJoin(infos, ofLabels);
  const columns = base.columns.flatMap((column) => (isInfo(column) ? [column] : join.enrich(column)));
  return mergeColumns(columns);
}

function matchersOf(selector: Selector): readonly LabelMatcher[] {
  assert(selector.kind === 'selector', 'the parser saw to the argument');
  return selector.matchers;
}

function isPositive({ op }: LabelMatcher): boolean {
  return op === '=' || op === '=~';
}

/** When the first selector of an expression reads: infos are read then too. */
function readShift(expression: Expression): TimeShift | undefined {
  if (expression.kind === 'selector') return { offsetMs: expression.offsetMs, at: expression.at };
  const inner = childrenOf(expression)
    .map(readShift)
    .find((shift) => shift !== undefined);
  if (expression.kind !== 'subquery' || inner === undefined || inner.at !== undefined) return inner;
  return { offsetMs: inner.offsetMs + expression.offsetMs, at: expression.at };
}

/** The info series of the jobs and instances that the columns name. */
async function selectInfos(
  columns: readonly Column[],
  matchers: readonly LabelMatcher[],
  { context, shift, span }: { readonly context: Context; readonly shift: TimeShift; readonly span: Selector['span'] },
): Promise<InfoColumn[]> {
  const identities = IDENTIFYING_LABELS.map((name) => {
    return {
      name,
      values: new Set(columns.map(({ labels }) => labelOf(labels, name)).filter((value) => value !== '')),
    };
  });
  if (identities.every(({ values }) => values.size === 0)) return [];
  const ofIdentity = identities
    .filter(({ values }) => values.size > 0 && values.size <= IDENTITY_VALUES_MAX)
    .map(({ name, values }): LabelMatcher => {
      return { name, op: '=~', value: [...values].map((value) => RE2JS.quote(value)).join('|') };
    });
  const selector: Selector = { kind: 'selector', matchers: [...matchers, ...ofIdentity], ...shift, span };
  const infos = await readNewest(selector, context, ({ labels, times, histograms }) => {
    if (histograms !== undefined)
      throw new OperatingError('invalid', `this should be an info metric, with float samples: ${formatLabels(labels)}`);
    return { numbers: inSeconds(times) };
  });
  return infos.map((column) => ({ name: labelOf(column.labels, METRIC_NAME), column }));
}

/** Finds the info series of a series at each step, and joins their labels. */
class InfoJoin {
  readonly #bySignature: ReadonlyMap<string, readonly InfoColumn[]>;
  readonly #matchers: readonly LabelMatcher[];
  /** A series without any info is what the matchers ask for too. */
  readonly #isOptional: boolean;

  constructor(infos: readonly InfoColumn[], matchers: readonly LabelMatcher[]) {
    this.#bySignature = Map.groupBy(infos, ({ column }) => signatureOf(column.labels));
    this.#matchers = matchers;
    this.#isOptional = matchers.every((matcher) => testOf(matcher)(''));
  }

  /** One column for each set of labels that the series has over the steps. */
  enrich(base: Column): Column[] {
    const infos = this.#bySignature.get(signatureOf(base.labels)) ?? [];
    const byKey = new Map<string, MutableColumn>();
    for (let step = 0; step < base.present.length; step += 1) {
      if (base.present[step] !== 1) continue;
      const found = newestOfEach(infos, step);
      if (found.length === 0 && !this.#isOptional) continue;
      const key = found.map(({ column }) => infos.findIndex((info) => info.column === column)).join();
      let column = byKey.get(key);
      if (column === undefined) {
        column = emptyColumn(this.#join(base.labels, found), base.present.length, base.dropsName);
        byKey.set(key, column);
      }
      setSample(column, step, sampleAt(base, step));
    }
    return [...byKey.values()];
  }

  #join(base: Labels, infos: readonly InfoColumn[]): Labels {
    const added: Record<string, string> = {};
    for (const { column } of infos) {
      for (const [name, value] of Object.entries(column.labels)) {
        const isAsked = this.#matchers.length === 0 || this.#matchers.some((matcher) => matcher.name === name);
        if (name === METRIC_NAME || !isAsked) continue;
        if (Object.hasOwn(added, name) && added[name] !== value)
          throw new OperatingError('invalid', `conflicting label: ${name}`);
        if (!Object.hasOwn(base, name)) added[name] = value;
      }
    }
    return { ...added, ...base };
  }
}

function signatureOf(labels: Labels): string {
  return labelsKey(Object.fromEntries(IDENTIFYING_LABELS.map((name) => [name, labelOf(labels, name)])));
}

/** Of each info metric, the series with the newest sample at a step. */
function newestOfEach(infos: readonly InfoColumn[], step: number): InfoColumn[] {
  const newest = new Map<string, InfoColumn>();
  for (const info of infos) {
    if (info.column.present[step] !== 1) continue;
    const known = newest.get(info.name);
    const [at, knownAt] = [info.column.values[step] as number, known?.column.values[step] ?? -Infinity];
    if (known !== undefined && at === knownAt) {
      const both = `existing ${formatLabels(known.column.labels)}, new ${formatLabels(info.column.labels)}`;
      throw new OperatingError('invalid', `found duplicate series for info metric: ${both} @ ${at}`);
    }
    if (at > knownAt) newest.set(info.name, info);
  }
  return [...newest.values()];
}

/** Compiled once: a query asks for many series. */
function testOf({ op, value }: LabelMatcher): (actual: string) => boolean {
  if (op === '=') return (actual) => actual === value;
  if (op === '!=') return (actual) => actual !== value;
  const pattern = RE2JS.compile(value, RE2JS.DOTALL);
  return (actual) => pattern.matches(actual) === (op === '=~');
}
