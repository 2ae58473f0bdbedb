/** What an operator makes of two values. */
import type { Annotate } from './annotations.ts';
import { type BinaryOperator, isTrim } from './ast.ts';
import { operateOnHistograms } from './binary-histograms.ts';
import { type MutableColumn, type Sample, setSample } from './vector.ts';

/** A comparison answers true or false. */
export function applyOperator(operator: BinaryOperator, a: number, b: number): number | boolean {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return a % b;
    case '^':
      return power(a, b);
    case 'atan2':
      return Math.atan2(a, b);
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    case '</':
    case '>/':
    case 'and':
    case 'or':
    case 'unless':
      return NaN; // Between histograms or sets of series, never between floats.
  }
}

/** As IEEE 754 and Go have it: 1^x is 1 for every x, which JavaScript answers with NaN for NaN and the infinities. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** Undefined where the operator is not for these: an annotation says so. */
export function operate(
  operator: BinaryOperator,
  a: Sample,
  b: Sample,
  annotate: Annotate,
): Sample | boolean | undefined {
  if (typeof a === 'number' && typeof b === 'number' && !isTrim(operator)) return applyOperator(operator, a, b);
  return operateOnHistograms(operator, a, b, annotate);
}

/** A comparison keeps `value` where it holds; with `bool` it is 0 or 1 everywhere. */
export function setAnswer(
  column: MutableColumn,
  step: number,
  answer: Sample | boolean | undefined,
  { isBool, value }: { isBool: boolean; value: Sample },
): void {
  if (answer === undefined || (answer === false && !isBool)) return;
  if (typeof answer !== 'boolean') setSample(column, step, answer);
  else setSample(column, step, isBool ? Number(answer) : value);
}
