import type { Log } from '@plumb/base';
import type { Call } from './contract.ts';
import { isAsyncIterable } from './extract-references.ts';
import { type Outcome, publicError } from './invoke.ts';
import type { OfferedReference } from './offered-references.ts';

/**
 * One call of a function, or the reading of a stream, that this side gave to a call. It knows nothing of who calls: a
 * function gets its arguments and no more.
 * @throws OperatingError only: whatever else the function throws is logged here and becomes `internal`.
 */
export async function invokeReference(
  { name, kind, value }: OfferedReference,
  { input, log }: { readonly input: unknown; readonly log: Log },
  call: Call,
): Promise<Outcome> {
  if (kind === 'stream') return streamOf(value as AsyncIterable<unknown>);
  try {
    const answer: unknown = await Reflect.apply(value as Function, undefined, Array.isArray(input) ? input : []);
    return isAsyncIterable(answer) ? streamOf(answer) : { kind: 'value', value: answer };
  } catch (error) {
    throw publicError(error, { name, call, log, side: 'caller' });
  }
}

function streamOf(items: AsyncIterable<unknown>): Outcome {
  return { kind: 'stream', items, check: (item) => item };
}
