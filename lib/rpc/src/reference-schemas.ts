/**
 * Schemas for what a caller gives to be read or called back: `v.object({ items: streamOf(v.number()), onDone: callback() })`.
 * Each item and each result is checked where it comes in, as the input of the call is.
 */
import { OperatingError } from '@plumb/base';
import * as v from 'valibot';
import type { GenericSchema, InferInput, InferOutput } from 'valibot';
import { isAsyncIterable } from './extract-references.ts';

/** Calls a function of the caller. `dispose` says that it will not be called any more; the end of the call does as well. */
export type Callback<Args extends readonly unknown[], Result> = ((...args: Args) => Promise<Result>) & Disposable;

type Schemas = readonly GenericSchema[];
type Inputs<A extends Schemas> = { [I in keyof A]: InferInput<A[I]> };
type Outputs<A extends Schemas> = { [I in keyof A]: InferOutput<A[I]> };

/**
 * A stream of the caller's, each item as `item` says. It is read as fast as the handler does; leaving it closes it over
 * there. An item that breaks the schema ends it with `invalid`.
 */
export function streamOf<S extends GenericSchema>(
  item: S,
): GenericSchema<AsyncIterable<InferInput<S>>, AsyncIterable<InferOutput<S>>> {
  type Items = AsyncIterable<InferInput<S>>;
  const check = (value: unknown): InferOutput<S> =>
    parse(item, value, (why) => invalid(`an item of the stream: ${why}`));
  const given = v.custom<Items>(isAsyncIterable, 'Invalid type: Expected a stream, which is an async iterable');
  return opaque(
    'stream',
    streamOf,
    v.pipe(
      given,
      v.transform((items: Items) => checkedItems(items, check)),
    ),
  );
}

/**
 * A function of the caller's, which the handler awaits. With `args` and `result` what goes there and back is checked: a
 * result that breaks its schema rejects with `invalid`; arguments that do are a bug of the handler.
 */
export function callback(): GenericSchema<(...args: never[]) => unknown, Callback<readonly unknown[], unknown>>;
export function callback<const A extends Schemas, R extends GenericSchema = GenericSchema<unknown>>(
  args: A,
  result?: R,
): GenericSchema<(...args: Outputs<A>) => InferInput<R> | Promise<InferInput<R>>, Callback<Inputs<A>, InferOutput<R>>>;
export function callback(args?: Schemas, result?: GenericSchema): GenericSchema<unknown, unknown> {
  const list = args === undefined ? v.array(v.unknown()) : v.tuple(args as never);
  const call = async (stub: Stub, given: readonly unknown[]): Promise<unknown> => {
    const sent = parse(list, given, (why) => new TypeError(`a function of the caller was called with ${why}`));
    const answer = await stub(...(sent as readonly unknown[]));
    return result === undefined ? answer : parse(result, answer, (why) => invalid(`the result of a function: ${why}`));
  };
  const checked = (stub: Stub): Stub => {
    const checkedStub = (...given: unknown[]): Promise<unknown> => {
      const answer = call(stub, given);
      // As that of the stub: who does not wait for it does not mind that it fails.
      answer.catch(() => undefined);
      return answer;
    };
    return Object.assign(checkedStub, { [Symbol.dispose]: () => stub[Symbol.dispose]?.() });
  };
  const given = v.custom<Stub>((value) => typeof value === 'function', 'Invalid type: Expected a function');
  return opaque('function', callback, v.pipe(given, v.transform(checked)));
}

type Stub = ((...args: readonly unknown[]) => unknown) & Partial<Disposable>;

/** A schema known by `type`, of which the parts that it is made of are nobody's business. */
function opaque<Input, Output>(
  type: 'function' | 'stream',
  reference: (...args: never[]) => unknown,
  { '~standard': standard, '~run': run, expects }: GenericSchema<Input, Output>,
): GenericSchema<Input, Output> {
  return {
    kind: 'schema',
    type,
    reference: reference as never,
    expects,
    async: false,
    '~standard': standard,
    '~run': run,
  };
}

function checkedItems<Item>(items: AsyncIterable<unknown>, check: (item: unknown) => Item): AsyncIterable<Item> {
  const release = (items as Partial<Disposable>)[Symbol.dispose];
  return {
    [Symbol.asyncIterator]: () => checkedIterator(items[Symbol.asyncIterator](), check),
    ...(release !== undefined && { [Symbol.dispose]: () => release.call(items) }),
  };
}

/** Not a generator, whose `return` waits for the item that it has asked for. */
function checkedIterator<Item>(
  items: AsyncIterator<unknown>,
  check: (item: unknown) => Item,
): AsyncIterator<Item, undefined> {
  const leave = async (): Promise<IteratorReturnResult<undefined>> => {
    await items.return?.();
    return { done: true, value: undefined };
  };
  return {
    async next() {
      const next = await items.next();
      if (next.done === true) return { done: true, value: undefined };
      try {
        return { done: false, value: check(next.value) };
      } catch (error) {
        await leave();
        throw error;
      }
    },
    return: leave,
  };
}

function parse<S extends GenericSchema>(schema: S, value: unknown, fault: (why: string) => Error): InferOutput<S> {
  const outcome = v.safeParse(schema, value);
  if (outcome.success) return outcome.output;
  const [issue] = outcome.issues;
  const path = v.getDotPath(issue);
  throw fault(path === null ? issue.message : `"${path}": ${issue.message}`);
}

function invalid(message: string): OperatingError {
  return new OperatingError('invalid', message);
}
