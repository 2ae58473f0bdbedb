/**
 * Float64 values as whole numbers over a common power of ten: 12.34 and 5.6 are 1234 and 560 over 10^2. A value fits when
 * dividing the whole number by the power gives back its very bits; -0, NaN, infinities and numbers of too many digits do
 * not, and are kept apart as exceptions.
 */
import { COLUMN_NUMBER_MAX } from './integer-column.ts';

/** 10^15 is the largest power below `COLUMN_NUMBER_MAX`; a number with more decimals than that is not decimal. */
const EXPONENT_MAX = 15;
const POWERS = Float64Array.from({ length: EXPONENT_MAX + 1 }, (_, exponent) => 10 ** exponent);
/** Beyond one exception in eight the XOR column is always smaller. */
const EXCEPTION_SHARE_MAX = 1 / 8;

export type Decimals = {
  readonly exponent: number;
  readonly numbers: Float64Array;
  /** Indexes of values that are not `numbers[i] / 10^exponent`; their number repeats the one before. Ascending. */
  readonly exceptions: readonly number[];
};

/** The decimals of the first `count` values, or undefined when too many are not decimal. */
export function toDecimals(values: Float64Array, count: number): Decimals | undefined {
  const exponent = commonExponent(values, count);
  if (exponent === undefined) return undefined;
  const power = POWERS[exponent] as number;
  const numbers = new Float64Array(count);
  const exceptions: number[] = [];
  let before = 0;
  for (let i = 0; i < count; i += 1) {
    const value = values[i] as number;
    const number = Math.round(value * power);
    if (Math.abs(number) <= COLUMN_NUMBER_MAX && number / power === value && !(value === 0 && 1 / value < 0)) {
      before = number === 0 ? 0 : number; // Math.round gives -0 for small negative numbers; these fail the test above.
    } else {
      exceptions.push(i);
    }
    numbers[i] = before;
  }
  return exceptions.length > count * EXCEPTION_SHARE_MAX + 1 ? undefined : { exponent, numbers, exceptions };
}

/** Turns `numbers[start..end)` over 10^exponent into values, in place. Division is exact; multiplying by 10^-exponent is not. */
export function fromDecimals(numbers: Float64Array, exponent: number, start: number, end: number): void {
  if (exponent === 0) return;
  const power = POWERS[exponent] as number;
  for (let i = start; i < end; i += 1) numbers[i] = (numbers[i] as number) / power;
}

/** The least exponent that suits every decimal value. */
function commonExponent(values: Float64Array, count: number): number | undefined {
  let exponent = 0;
  let misses = 0;
  const missesMax = count * EXCEPTION_SHARE_MAX + 1;
  for (let i = 0; i < count; i += 1) {
    const value = values[i] as number;
    const own = exponentOf(value, exponent);
    if (own !== undefined) {
      exponent = own;
    } else {
      misses += 1;
      if (misses > missesMax) return undefined;
    }
  }
  return exponent;
}

function exponentOf(value: number, atLeast: number): number | undefined {
  for (let exponent = atLeast; exponent <= EXPONENT_MAX; exponent += 1) {
    const power = POWERS[exponent] as number;
    const number = Math.round(value * power);
    if (!(Math.abs(number) <= COLUMN_NUMBER_MAX)) return undefined;
    if (number / power === value) return exponent;
  }
  return undefined;
}
