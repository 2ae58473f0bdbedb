import type { CallDependencies } from './call-once.ts';
import type { CallOptions } from './contract.ts';
import { CALL_TIMEOUT_MS } from './limits.ts';
import { StreamReader } from './stream-reader.ts';

export type Answer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'stream'; readonly items: AsyncIterableIterator<unknown, undefined> };

/** Calls a method of which is not known whether it answers with a stream: `timeoutMs` is for the value or the first item. */
export async function ask(
  dependencies: CallDependencies,
  request: { readonly method: string; readonly input: unknown },
  { timeoutMs = CALL_TIMEOUT_MS, ...rest }: CallOptions,
): Promise<Answer> {
  let answer: Answer | undefined;
  const reader = new StreamReader(dependencies, request, { timeoutMs, ...rest }, (value) => {
    answer = { kind: 'value', value };
  });
  const first = await reader.next();
  return answer ?? { kind: 'stream', items: resume(first, reader) };
}

/** A stream of which `first` was read already. */
function resume(
  first: IteratorResult<unknown, undefined>,
  rest: StreamReader,
): AsyncIterableIterator<unknown, undefined> {
  let unread: typeof first | undefined = first;
  return {
    // Not async, which would take turns of its own: who reads what is here already has it in the same turn.
    next() {
      const result = unread;
      unread = undefined;
      return result === undefined ? rest.next() : Promise.resolve(result);
    },
    return() {
      unread = undefined;
      return rest.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
