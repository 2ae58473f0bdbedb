import { OperatingError } from '@plumb/base';
import type { LabelMatcher } from './ast.ts';
import { parseExpression } from './parser.ts';

/** The matchers of a selector such as `up{job="web"}`: what `match[]` of the Prometheus API holds. @throws `invalid`. */
export function parseMatchers(text: string): readonly LabelMatcher[] {
  const expression = parseExpression(text);
  if (expression.kind !== 'selector')
    throw new OperatingError('invalid', `"${text}" is not a selector: write a metric such as up{job="web"}`);
  return expression.matchers;
}
