import { OperatingError } from '@plumb/base';
import { extractReferences } from './extract-references.ts';
import { checkCounts } from './place-references.ts';
import type { Reference } from './protocol.ts';

type Given = (...args: unknown[]) => unknown;

export type Taken = { readonly input: unknown; readonly references?: readonly Reference[] };

/**
 * The functions in the inputs of blocking calls. The service calls them while this thread waits for the worker, so they
 * run where the call was made, and have to answer at once: nobody else could settle a promise meanwhile.
 */
export class SyncFunctions {
  /** By the number of the call, in the order of their references, which count from 1. */
  readonly #given = new Map<number, readonly Given[]>();

  /** `input` without its functions. @throws OperatingError `invalid` for a stream, `exhausted` for too many. */
  take(id: number, input: unknown): Taken {
    const extracted = extractReferences(input);
    if (extracted === undefined) return { input };
    const { found } = extracted;
    checkCounts(found);
    if (found.some(({ kind }) => kind === 'stream')) {
      throw new OperatingError('invalid', 'a blocking call cannot give a stream: give a list, or use "connect"');
    }
    this.#given.set(
      id,
      found.map(({ value }) => value as Given),
    );
    return { input: extracted.input, references: found.map(({ at, kind }, index) => ({ at, kind, ref: index + 1 })) };
  }

  /** Throws what the function throws. */
  run(id: number, ref: number, args: readonly unknown[]): unknown {
    const given = this.#given.get(id)?.[ref - 1];
    if (given === undefined) throw new OperatingError('invalid', 'the call that gave this function has ended');
    const value = given(...args);
    if (!(value instanceof Promise)) return value;
    // It cannot be waited for, so it must not become an unhandled rejection either.
    value.catch(() => undefined);
    throw new OperatingError('invalid', 'a function that is given to a blocking call has to answer at once');
  }

  /** The call is over. Safe to repeat. */
  end(id: number): void {
    this.#given.delete(id);
  }
}
