import { assert } from '@plumb/base';
import type { CallOptions } from './contract.ts';

/** What answers with the same methods, called with other options. A symbol, since every name is a method over there. */
export const WITH_OPTIONS = Symbol('with options');

/** The methods of `T` without what belongs to its connection. */
export type MethodsOf<T> = { readonly [K in keyof T as K extends symbol ? never : K]: T[K] };

/**
 * The same methods of a plain object, called with `options`, which replace those that `client` has: a deadline, a signal
 * that cancels, the promise that running it twice does no harm. Of a blocking client, `timeoutMs` alone counts.
 *
 * @example
 * await withOptions(math, { timeoutMs: 100, signal }).add(1, 2);
 */
export function withOptions<T extends object>(client: T, options: CallOptions): MethodsOf<T> {
  const make = (client as { readonly [WITH_OPTIONS]?: (options: CallOptions) => MethodsOf<T> })[WITH_OPTIONS];
  assert(make !== undefined, 'options are for the client of a plain object: with a contract each call takes its own');
  return make(options);
}
