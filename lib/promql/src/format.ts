/** Syntax trees as PromQL text, in one canonical form: parsing the text gives the same tree, but for places. */
import {
  type AtModifier,
  type Binary,
  type Duration,
  type Expression,
  type Extension,
  type Grouping,
  type LabelMatcher,
  type Matching,
  METRIC_NAME,
  type Selector,
  type TimeShift,
} from './ast.ts';
import { formatString } from './string-literal.ts';

export function formatExpression(expression: Expression): string {
  switch (expression.kind) {
    case 'number':
      return formatNumber(expression.value).replace('+', ''); // `+Inf` would be read as a sign and a number.
    case 'string':
      return formatString(expression.value);
    case 'selector':
      return formatSelector(expression) + formatShift(expression);
    case 'range-selector': {
      const range = formatLength(expression.rangeMs, expression.range);
      return `${formatSelector(expression.selector)}[${range}]${formatShift(expression.selector)}`;
    }
    case 'subquery': {
      const range = formatLength(expression.rangeMs, expression.range);
      const step = expression.stepMs === undefined ? '' : formatLength(expression.stepMs, expression.step);
      return `${formatExpression(expression.expression)}[${range}:${step}]${formatShift(expression)}`;
    }
    case 'call':
      return `${expression.name}(${expression.args.map(formatExpression).join(', ')})`;
    case 'aggregate': {
      const args = [expression.parameter, expression.expression]
        .filter((arg) => arg !== undefined)
        .map(formatExpression);
      return `${expression.operator}${formatGrouping(expression.grouping)}(${args.join(', ')})`;
    }
    case 'binary':
      return formatBinary(expression);
    case 'unary':
      return `${expression.operator}${formatExpression(expression.expression)}`;
    case 'parentheses':
      return `(${formatExpression(expression.expression)})`;
  }
}

/** As the sample values of the Prometheus API: `+Inf`, `-Inf`, `NaN`, or the shortest decimal that reads back the same. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return Object.is(value, -0) ? '-0' : String(value);
}

/** `1h30m`; milliseconds that are no whole number of a unit keep the smaller units. */
export function formatDuration(lengthMs: number): string {
  if (lengthMs === 0) return '0s';
  const units = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
    [1_000, 's'],
    [1, 'ms'],
  ] as const;
  let rest = Math.abs(lengthMs);
  let text = lengthMs < 0 ? '-' : '';
  for (const [unitMs, unit] of units) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * unitMs;
  }
  return text;
}

function formatSelector({ matchers }: Selector): string {
  const isBareName = ({ name, op, value }: LabelMatcher): boolean =>
    name === METRIC_NAME && op === '=' && /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(value) && !isReserved(value);
  const bare =
    matchers.filter(({ name, op }) => name === METRIC_NAME && op === '=').length === 1
      ? matchers.find(isBareName)
      : undefined;
  const rest = matchers
    .filter((matcher) => matcher !== bare)
    .map(({ name, op, value }) => `${formatLabel(name)}${op}${formatString(value)}`);
  if (bare === undefined) return `{${rest.join(', ')}}`;
  return rest.length === 0 ? bare.value : `${bare.value}{${rest.join(', ')}}`;
}

/** Words that a metric cannot be called by without quotation marks, because they are read as something else. */
function isReserved(name: string): boolean {
  return /^(inf|nan|and|or|unless|atan2|bool|on|ignoring|group_left|group_right|by|without|offset|smoothed|anchored)$/i.test(
    name,
  );
}

function formatLabel(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : formatString(name);
}

function formatShift(shift: TimeShift & { readonly extension?: Extension | undefined }): string {
  const { offsetMs, offset, at, extension } = shift;
  const words = [];
  if (at !== undefined) words.push(` @ ${formatAt(at)}`);
  if (offset !== undefined) words.push(` offset (${formatDurationExpression(offset)})`);
  else if (offsetMs !== 0) words.push(` offset ${formatDuration(offsetMs)}`);
  if (extension !== undefined) words.push(` ${extension}`);
  return words.join('');
}

function formatLength(lengthMs: number, duration: Duration | undefined): string {
  return duration === undefined ? formatDuration(lengthMs) : formatDurationExpression(duration);
}

/** With all parentheses, whether they are needed or not. */
function formatDurationExpression(duration: Duration): string {
  switch (duration.kind) {
    case 'seconds':
      return String(duration.seconds);
    case 'step':
    case 'range':
      return `${duration.kind}()`;
    case 'minus':
      return `-(${formatDurationExpression(duration.duration)})`;
    case 'operation': {
      const { operator } = duration;
      const [left, right] = [formatDurationExpression(duration.left), formatDurationExpression(duration.right)];
      return operator === 'min_of' || operator === 'max_of'
        ? `${operator}(${left}, ${right})`
        : `(${left}) ${operator} (${right})`;
    }
  }
}

function formatAt(at: AtModifier): string {
  return at.kind === 'time' ? String(at.at / 1_000) : `${at.kind}()`;
}

function formatGrouping(grouping: Grouping | undefined): string {
  return grouping === undefined ? '' : ` ${grouping.kind} (${formatLabels(grouping.labels)}) `;
}

function formatBinary({ left, operator, right, isBool, matching }: Binary): string {
  const words = [formatExpression(left), operator];
  if (isBool) words.push('bool');
  if (matching !== undefined) words.push(formatMatching(matching));
  return [...words, formatExpression(right)].join(' ');
}

function formatMatching({ kind, labels, group, fill }: Matching): string {
  const words =
    kind === 'ignoring' && labels.length === 0 && group === undefined && fill !== undefined
      ? []
      : [`${kind} (${formatLabels(labels)})`];
  if (group !== undefined) words.push(`group_${group.side} (${formatLabels(group.include)})`);
  if (fill?.left !== undefined) words.push(`fill_left (${formatNumber(fill.left)})`);
  if (fill?.right !== undefined) words.push(`fill_right (${formatNumber(fill.right)})`);
  return words.join(' ');
}

function formatLabels(labels: readonly string[]): string {
  return labels.map(formatLabel).join(', ');
}
