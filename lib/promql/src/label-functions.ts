/** `label_replace`, `label_join` and `absent`: functions of labels. */
import { describeError, OperatingError } from '@plumb/base';
import { RE2JS } from 're2js';
import { type Expression, METRIC_NAME } from './ast.ts';
import { type Labels, labelOf, withLabel } from './queryable.ts';
import { type Column, mergeColumns } from './vector.ts';

export type LabelReplacement = {
  readonly target: string;
  readonly replacement: string;
  readonly source: string;
  readonly pattern: string;
};

/** Sets `target` to `replacement`, with groups filled in, where the whole `source` matches. An empty result removes it. */
export function replaceLabel(
  columns: readonly Column[],
  { target, replacement, source, pattern }: LabelReplacement,
): Column[] {
  assertLabelName(target);
  const regex = compilePattern(pattern);
  return mergeColumns(
    columns.map((column) => {
      const matcher = regex.matcher(labelOf(column.labels, source));
      if (!matcher.matches()) return column;
      return setLabel(
        column,
        target,
        expandTemplate(replacement, (name) => groupOf(matcher, name)),
      );
    }),
  );
}

/** Sets `target` to the values of `sources` with `separator` between them. */
export function joinLabels(
  columns: readonly Column[],
  {
    target,
    separator,
    sources,
  }: { readonly target: string; readonly separator: string; readonly sources: readonly string[] },
): Column[] {
  assertLabelName(target);
  return mergeColumns(
    columns.map((column) =>
      setLabel(column, target, sources.map((name) => labelOf(column.labels, name)).join(separator)),
    ),
  );
}

/** The labels that a selector promises of what it selects: those that it asks for once, with `=`. */
export function labelsOfAbsent(expression: Expression): Labels {
  const selector = expression.kind === 'range-selector' ? expression.selector : expression;
  if (selector.kind !== 'selector') return {};
  const matchers = selector.matchers.filter(({ name }) => name !== METRIC_NAME);
  const certain = matchers.filter(
    ({ name, op }) => op === '=' && matchers.filter((other) => other.name === name).length === 1,
  );
  return Object.fromEntries(certain.filter(({ value }) => value !== '').map(({ name, value }) => [name, value]));
}

/** A name that is set is a name that is wanted. */
function setLabel(column: Column, name: string, value: string): Column {
  return {
    ...column,
    labels: withLabel(column.labels, name, value),
    dropsName: column.dropsName && name !== METRIC_NAME,
  };
}

/** In UTF-8 every text but the empty one is a label's name. */
function assertLabelName(name: string): void {
  if (name === '' || !name.isWellFormed()) throw new OperatingError('invalid', `"${name}" is not a label name`);
}

function compilePattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch (error) {
    throw new OperatingError('invalid', `the regular expression "${pattern}" is wrong: ${describeError(error)}`);
  }
}

/** Go's `Regexp.Expand`: $1, ${1}, $name, ${name}, and $$ for a dollar; a name is as long as it can be. */
function expandTemplate(template: string, valueOf: (name: string) => string): string {
  return template.replaceAll(/\$(?:\$|(\w+)|\{(\w+)\})/g, (all, plain?: string, braced?: string) => {
    const name = plain ?? braced;
    return name === undefined ? all.slice(1) : valueOf(name);
  });
}

function groupOf(matcher: ReturnType<RE2JS['matcher']>, name: string): string {
  try {
    return matcher.group(/^\d+$/.test(name) ? Number(name) : name) ?? '';
  } catch {
    return ''; // A group that the pattern does not have is empty, as in Go.
  }
}
