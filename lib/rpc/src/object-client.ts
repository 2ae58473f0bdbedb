import type { Connection } from './connection.ts';
import type { CallOptions } from './contract.ts';
import { WITH_OPTIONS } from './with-options.ts';

/** A plain object of functions, seen from the caller: each answers later, or with a stream where it iterates. */
export type ObjectClient<T> = {
  readonly [K in keyof T as T[K] extends object ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: Given<A>) => R extends AsyncIterable<infer Item> ? AsyncIterable<Item> : Promise<Awaited<R>>
    : ObjectClient<T[K]>;
};

/**
 * What a caller gives for arguments of the type `T`: functions that may answer at once or later where the other side awaits
 * them, and streams of any kind, in the arguments or as fields of them. Everything else as it is.
 */
export type Given<T extends readonly unknown[]> = { [I in keyof T]: GivenField<T[I]> };

type GivenField<T> = T extends Referred ? GivenReference<T> : T extends Plain ? T : GivenFields<T>;

type GivenFields<T> = [Extract<T[keyof T], Referred>] extends [never] ? T : { [K in keyof T]: GivenReference<T[K]> };

type GivenReference<T> = T extends (...args: infer A) => infer R
  ? (...args: A) => Awaited<R> | Promise<Awaited<R>>
  : T extends AsyncIterable<infer Item>
    ? AsyncIterable<Item>
    : T;

type Referred = ((...args: never[]) => unknown) | AsyncIterable<unknown>;

/** What has methods of its own and is data all the same. */
type Plain =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | Error
  | ArrayBufferLike
  | ArrayBufferView
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/**
 * Calls the functions of the object that the other side offered with `addObject` as `service`. Name its type:
 * `createObjectClient<typeof methods>('math', connection)`. What a function answers with decides how to use it: await a
 * value, `for await` a stream. A call is sent at the end of the turn in which it is made. `withOptions` gives a call a
 * deadline of its own, or a signal.
 */
export function createObjectClient<T extends object>(
  service: string,
  connection: Connection,
  options: Pick<CallOptions, 'timeoutMs' | 'idempotent'> = {},
): ObjectClient<T> {
  return proxyFor(service, connection, options) as ObjectClient<T>;
}

function proxyFor(path: string, connection: Connection, options: CallOptions): object {
  const call = (...input: unknown[]): ObjectCall => new ObjectCall(connection, path, input, options);
  return new Proxy(call, {
    get(_target, key) {
      if (key === WITH_OPTIONS) return (other: CallOptions) => proxyFor(path, connection, { ...options, ...other });
      // A proxy must not look like a promise: `await` would call its `then`.
      if (typeof key !== 'string' || key === 'then') return undefined;
      return proxyFor(`${path}.${key}`, connection, options);
    },
    apply: (_target, _this, input: unknown[]) => call(...input),
  });
}

/** A call of which only its use shows whether it is for one value or a stream. */
class ObjectCall implements Promise<unknown>, AsyncIterable<unknown> {
  readonly [Symbol.toStringTag] = 'ObjectCall';
  readonly #connection: Connection;
  readonly #method: string;
  readonly #input: unknown[];
  readonly #options: CallOptions;
  #isStream = false;
  #promise: Promise<unknown> | undefined;

  constructor(connection: Connection, method: string, input: unknown[], options: CallOptions) {
    this.#connection = connection;
    this.#method = method;
    this.#input = input;
    this.#options = options;
    queueMicrotask(() => {
      // Called for its effect, by somebody who does not wait.
      if (!this.#isStream) void this.#start();
    });
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it stands for a promise.
  then<A = unknown, B = never>(
    onValue?: ((value: unknown) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#start().then(onValue, onError);
  }

  catch<B = never>(onError?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<unknown> {
    return this.#start().catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<unknown> {
    return this.#start().finally(onEnd);
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    this.#isStream = true;
    return this.#connection.stream(this.#method, this.#input, this.#options)[Symbol.asyncIterator]();
  }

  #start(): Promise<unknown> {
    this.#promise ??= this.#connection.call(this.#method, this.#input, this.#options);
    return this.#promise;
  }
}
