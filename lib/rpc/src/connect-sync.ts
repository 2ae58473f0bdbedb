/**
 * The blocking front door, for scripts and for code that runs before a program serves anything: each call returns its
 * value. The connection lives in a worker; this thread sleeps until the worker has the answer, and serves nothing else
 * meanwhile, so the service must be in another thread or process.
 */
import type { InferInput, InferOutput } from 'valibot';
import type { CallOptions, Contract } from './contract.ts';
import { CALL_TIMEOUT_MS } from './limits.ts';
import type { Given } from './object-client.ts';
import type { Credentials } from './open-target.ts';
import { serviceOf, type Targets } from './open-targets.ts';
import { SyncLink } from './sync-link.ts';
import { OPENING_ID } from './sync-protocol.ts';
import { SyncStream } from './sync-stream.ts';
import { WITH_OPTIONS } from './with-options.ts';
import { withSymbols } from './with-symbols.ts';

export type ConnectSyncOptions = Credentials & {
  /** The longest that anything blocks: a call until its answer, a stream until its next item. The default is `CALL_TIMEOUT_MS`. */
  readonly timeoutMs?: number | undefined;
};

/** A plain object of functions, seen from a caller that waits: a stream is iterated, and may be left, as a list is. */
export type SyncClient<T> = {
  readonly [K in keyof T as T[K] extends object ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: Given<A>) => R extends AsyncIterable<infer Item> ? Iterable<Item> : Awaited<R>
    : SyncClient<T[K]>;
};

export type SyncContractClient<C extends Contract> = {
  readonly [M in keyof C]: (
    input: InferInput<C[M]['input']>,
  ) => C[M] extends { readonly stream: true } ? Iterable<InferOutput<C[M]['output']>> : InferOutput<C[M]['output']>;
};

/**
 * Returns once a server has answered and knows who calls. A function in an argument is called while the call waits, and
 * answers at once; a stream cannot be given. One that is got may be read once. The process can end without disposing it.
 * @throws OperatingError as `connect`, and so does each call; `deadline` after `timeoutMs`, `unavailable` when the worker
 * is gone, `invalid` where this thread may not block.
 *
 * @example
 * using math = connectSync<typeof methods>(target, { keys, serverKey });
 * const sum = math.add(1, 2);
 */
export function connectSync<C extends Contract>(
  target: Targets,
  options: ConnectSyncOptions & { readonly contract: C },
): SyncContractClient<C> & Disposable;
export function connectSync<T extends object>(target: Targets, options: ConnectSyncOptions): SyncClient<T> & Disposable;
export function connectSync(
  target: Targets,
  options: ConnectSyncOptions & { readonly contract?: Contract | undefined },
): object {
  const { contract, timeoutMs = CALL_TIMEOUT_MS, serverKey, keys, token } = options;
  const service = serviceOf(target);
  const calls = new SyncCalls(new SyncLink({ targets: target, credentials: { serverKey, keys, token } }));
  const closing = { [Symbol.dispose]: () => calls.close() };
  if (contract === undefined) return withSymbols(proxyFor(calls, service, timeoutMs), closing);
  const methods = Object.keys(contract).map(
    (verb) => [verb, (input: unknown) => calls.call(`${service}.${verb}`, input, timeoutMs)] as const,
  );
  return Object.freeze({ ...Object.fromEntries(methods), ...closing });
}

class SyncCalls {
  readonly #link: SyncLink;
  #lastId = OPENING_ID;

  constructor(link: SyncLink) {
    this.#link = link;
    try {
      link.opened();
    } catch (error) {
      link.terminate();
      throw error;
    }
  }

  call(method: string, input: unknown, timeoutMs: number): unknown {
    this.#lastId += 1;
    const id = this.#lastId;
    const reply = this.#link.call({ kind: 'call', id, method, input, timeoutMs });
    return reply.kind === 'value' ? reply.value : new SyncStream(this.#link, { ...reply, timeoutMs });
  }

  close(): void {
    this.#lastId += 1;
    this.#link.close(this.#lastId);
  }
}

function proxyFor(calls: SyncCalls, path: string, timeoutMs: number): object {
  return new Proxy(() => undefined, {
    get(_target, key) {
      if (key === WITH_OPTIONS) return (other: CallOptions) => proxyFor(calls, path, other.timeoutMs ?? timeoutMs);
      // What an async function returns is asked for `then`.
      if (typeof key !== 'string' || key === 'then') return undefined;
      return proxyFor(calls, `${path}.${key}`, timeoutMs);
    },
    apply: (_target, _this, input: unknown[]) => calls.call(path, input, timeoutMs),
  });
}
