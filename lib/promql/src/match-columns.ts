/** The matching of series between two vectors: one to one, or many to one. */
import { OperatingError } from '@plumb/base';
import type { Annotate } from './annotations.ts';
import { type Binary, isComparison, isMetadataLabel, isTrim, type Matching, METRIC_NAME } from './ast.ts';
import { applyOperator, operate, setAnswer } from './operate.ts';
import { filterLabels, type Labels, labelOf, withLabel } from './queryable.ts';
import { presenceBySignature, signatureOf } from './set-operators.ts';
import { type Column, emptyColumn, formatLabels, mergeColumns, sampleAt } from './vector.ts';

/**
 * Pairs each series of the "many" side with the one of the other side that has its signature. Over the steps of a query that
 * can be several in turn, such as `build_info` before and after a deploy: each gives a series of its own.
 */
export function matchColumns(
  node: Binary,
  left: readonly Column[],
  right: readonly Column[],
  annotate: Annotate,
): Column[] {
  const signature = signatureOf(node.matching);
  const isRightMany = node.matching?.group?.side === 'right';
  const [many, ones] = isRightMany ? [right, left] : [left, right];
  const side = isRightMany ? 'left' : 'right';
  const pairing: Pairing = { node, annotate, isRightMany, usedBy: new Map() };
  // As in Prometheus, `fill_left` is for the side of many, wherever it stands.
  const fill = node.matching?.fill;
  const onesBySignature = Map.groupBy(ones, ({ labels }) => signature(labels));
  for (const partners of onesBySignature.values()) assertApart(node.matching, partners, side);
  const onePresence = presenceBySignature(ones, signature);
  const results: Column[] = [];
  for (const column of many) {
    const key = signature(column.labels);
    for (const partner of onesBySignature.get(key) ?? []) results.push(pair(pairing, key, column, partner));
    if (fill?.right !== undefined)
      results.push(pair(pairing, key, column, fillMissing(node, column, onePresence.get(key), fill.right)));
  }
  if (fill?.left !== undefined) {
    const manyPresence = presenceBySignature(many, signature);
    for (const [key, partners] of onesBySignature) {
      for (const one of partners)
        results.push(pair(pairing, key, fillMissing(node, one, manyPresence.get(key), fill.left), one));
    }
  }
  return uniqueColumns(node, results);
}

type Pairing = {
  readonly node: Binary;
  readonly annotate: Annotate;
  readonly isRightMany: boolean;
  /** By signature: the steps at which a series of the left has met its partner. */
  readonly usedBy: Map<string, Uint8Array>;
};

function pair({ node, annotate, isRightMany, usedBy }: Pairing, key: string, column: Column, partner: Column): Column {
  const labels = resultLabels(node, column.labels, partner.labels);
  const result = combine({ node, annotate, isRightMany }, { labels, many: column, one: partner });
  if (node.matching?.group === undefined) assertUnique(usedBy, key, { column, partner });
  return result;
}

/** `value` wherever `column` is present and nothing is in `presence`: a series of the labels that are matched by. */
function fillMissing(node: Binary, column: Column, presence: Uint8Array | undefined, value: number): Column {
  const named = new Set(node.matching?.labels ?? []);
  const keeps = (name: string): boolean =>
    node.matching?.kind === 'on' ? named.has(name) : !named.has(name) && name !== METRIC_NAME;
  return {
    labels: filterLabels(column.labels, keeps),
    dropsName: false,
    values: new Float64Array(column.present.length).fill(value),
    present: column.present.map((isPresent, step) => (isPresent === 1 && presence?.[step] !== 1 ? 1 : 0)),
  };
}

/** @throws OperatingError `invalid` when two of the "one" side with one signature are present together. */
function assertApart(matching: Matching | undefined, partners: readonly Column[], side: string): void {
  const [first, ...rest] = partners;
  if (first === undefined || rest.length === 0) return;
  const present = first.present.slice();
  for (const [i, partner] of rest.entries()) {
    const clash = present.findIndex((isPresent, step) => isPresent === 1 && partner.present[step] === 1);
    if (clash >= 0) {
      const before = partners.slice(0, i + 1).find((other) => other.present[clash] === 1);
      const both = [before?.labels ?? {}, partner.labels].map(formatLabels).join(', ');
      const named = new Set(matching?.labels ?? []);
      const group = filterLabels(partner.labels, (name) =>
        matching?.kind === 'on' ? named.has(name) : !named.has(name) && name !== METRIC_NAME,
      );
      throw new OperatingError(
        'invalid',
        `found duplicate series for the match group ${formatLabels(group)} on the ${side} hand-side of the operation: [${both}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
    partner.present.forEach((isPresent, step) => {
      if (isPresent === 1) present[step] = 1;
    });
  }
}

function combine(
  { node: { operator, isBool }, annotate, isRightMany }: Omit<Pairing, 'usedBy'>,
  { labels, many, one }: { labels: Labels; many: Column; one: Column },
): Column {
  const isFilter = isComparison(operator) && !isBool;
  // A filter's result is a series of the left side; what is computed has lost its name already.
  const dropsName = isBool || (isRightMany ? one : many).dropsName || (isFilter && many.dropsName);
  const result = emptyColumn(labels, many.present.length, dropsName);
  const isPlain = many.histograms === undefined && one.histograms === undefined && !isTrim(operator);
  for (let step = 0; step < many.present.length; step += 1) {
    if (many.present[step] !== 1 || one.present[step] !== 1) continue;
    if (!isPlain) {
      const [manySample, oneSample] = [sampleAt(many, step), sampleAt(one, step)];
      const [left, right] = isRightMany ? [oneSample, manySample] : [manySample, oneSample];
      setAnswer(result, step, operate(operator, left, right, annotate), { isBool, value: left });
      continue;
    }
    const [manyValue, oneValue] = [many.values[step] as number, one.values[step] as number];
    const [a, b] = isRightMany ? [oneValue, manyValue] : [manyValue, oneValue];
    setAnswer(result, step, applyOperator(operator, a, b), { isBool, value: a });
  }
  return result;
}

function resultLabels({ operator, matching }: Binary, many: Labels, one: Labels): Labels {
  const named = new Set(matching?.labels ?? []);
  const keepsName = isComparison(operator) || isTrim(operator);
  const withoutName = keepsName ? many : filterLabels(many, (name) => !isMetadataLabel(name));
  const group = matching?.group;
  if (group !== undefined)
    return group.include.reduce((labels, name) => withLabel(labels, name, labelOf(one, name)), withoutName);
  return filterLabels(withoutName, (name) => named.has(name) === (matching?.kind === 'on'));
}

/** Two series of the left side for one of the right, at one step, is an error even where a comparison drops one. */
function assertUnique(
  usedBy: Map<string, Uint8Array>,
  key: string,
  { column, partner }: { column: Column; partner: Column },
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
