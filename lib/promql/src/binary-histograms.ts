/** Operators where at least one side is a native histogram, and the operators that are for histograms only. */
import { type Annotate, notes } from './annotations.ts';
import { type BinaryOperator, isTrim } from './ast.ts';
import {
  addHistograms,
  divideHistogram,
  multiplyHistogram,
  subtractHistograms,
} from './native-histogram/arithmetic.ts';
import { compacted, equalHistograms, type NativeHistogram } from './native-histogram/native-histogram.ts';
import { trimHistogram } from './native-histogram/trim.ts';
import type { Sample } from './vector.ts';

/** Undefined, with an annotation, where the operator is not for what it has on its sides. */
export function operateOnHistograms(
  operator: BinaryOperator,
  a: Sample,
  b: Sample,
  annotate: Annotate,
): Sample | boolean | undefined {
  if (typeof a === 'number') {
    if (typeof b !== 'number' && operator === '*') return compacted(multiplyHistogram(b, a));
    return refuse(operator, a, b, annotate);
  }
  if (typeof b !== 'number') return betweenHistograms(operator, a, b, annotate);
  if (operator === '*') return compacted(multiplyHistogram(a, b));
  if (operator === '/') return compacted(divideHistogram(a, b));
  if (isTrim(operator)) return trimHistogram(a, b, operator === '</' ? 'below' : 'above');
  return refuse(operator, a, b, annotate);
}

function betweenHistograms(
  operator: BinaryOperator,
  a: NativeHistogram,
  b: NativeHistogram,
  annotate: Annotate,
): Sample | boolean | undefined {
  if (operator === '==') return equalHistograms(a, b);
  if (operator === '!=') return !equalHistograms(a, b);
  if (operator !== '+' && operator !== '-') return refuse(operator, a, b, annotate);
  const combined = operator === '+' ? addHistograms(a, b) : subtractHistograms(a, b);
  if (combined === undefined) {
    annotate(notes.binaryLayoutMismatch(operator));
    return undefined;
  }
  const work = operator === '+' ? 'addition' : 'subtraction';
  if (combined.hintsCollide) annotate(notes.collidingResets(work));
  if (combined.isReconciled) annotate(notes.reconciledBounds(work));
  const histogram = compacted(combined.histogram);
  return operator === '-' ? { ...histogram, resetHint: 'gauge' } : histogram;
}

function refuse(operator: BinaryOperator, a: Sample, b: Sample, annotate: Annotate): undefined {
  const typeOf = (sample: Sample): string => (typeof sample === 'number' ? 'float' : 'histogram');
  annotate(notes.binaryTypeMismatch(typeOf(a), operator, typeOf(b)));
}
