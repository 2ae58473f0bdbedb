/**
 * What a service offers, as data: method names with schemas. The types of both sides follow from it, so neither is
 * generated. A service may also be a plain object of functions without a contract; then nothing is checked at its
 * border, which is for programs that trust their callers.
 */
import type { GenericSchema, InferInput, InferOutput } from 'valibot';

export type Method = {
  readonly input: GenericSchema;
  readonly output: GenericSchema;
  /** The method answers with a stream of `output` rather than one. */
  readonly stream?: true;
  /** What a caller must hold, such as `config:write`. Absent: any authenticated caller. */
  readonly scope?: string;
  /**
   * Running it twice does what running it once does: a call that was lost on its way is made again, elsewhere too. The
   * server runs it once and gives the same answer again; `read` says that it only looks, and is answered anew.
   */
  readonly idempotent?: true | 'read';
  /** One line for people, which `describe` prints. */
  readonly summary?: string;
};

export type Contract = Readonly<Record<string, Method>>;

/** Who calls. `scopes` are `service:verb`, with `*` for either part; `*` alone is everything. */
export type Caller = {
  /** For logs and evidence: a token's name, an instance id, `operator`. */
  readonly id: string;
  readonly scopes: readonly string[];
  /** Set for a process that Plumb runs: it sees its own application only. */
  readonly application?: string | undefined;
};

/** What a handler knows of the call besides its input. */
export type Call = {
  readonly caller: Caller;
  /** Aborts when the caller cancels, its deadline passes, or its connection is lost. */
  readonly signal: AbortSignal;
  /** The W3C trace that the call belongs to, if it belongs to one: `00-TRACE-SPAN-FLAGS`. */
  readonly traceparent?: string | undefined;
  /** When its caller stops waiting, on the monotonic clock of the dispatcher. None for a stream that has begun. */
  readonly deadlineAtMs?: number | undefined;
};

/** Hears of each call that was let in, before its handler runs. It must be quick, and must not throw. */
export type CallObserver = (caller: Caller, method: string) => void;

export type Handlers<C extends Contract> = {
  readonly [M in keyof C]: (
    input: InferOutput<C[M]['input']>,
    call: Call,
  ) => C[M] extends { readonly stream: true }
    ? AsyncIterable<InferInput<C[M]['output']>>
    : Promise<InferInput<C[M]['output']>> | InferInput<C[M]['output']>;
};

export type CallOptions = {
  readonly signal?: AbortSignal | undefined;
  /** For the answer of a unary call, or the first item of a stream to be asked for. The default is `CALL_TIMEOUT_MS`; a stream has none. */
  readonly timeoutMs?: number | undefined;
  /** Whether the call may be made again, elsewhere too, when its answer is lost. A contract says it for its methods. */
  readonly idempotent?: boolean | 'read' | undefined;
  /** The W3C trace that the call belongs to, sent as it is. Left out within a handler: that of the call it handles. */
  readonly traceparent?: string | undefined;
};

export type Client<C extends Contract> = {
  readonly [M in keyof C]: (
    input: InferInput<C[M]['input']>,
    options?: CallOptions,
  ) => C[M] extends { readonly stream: true }
    ? AsyncIterable<InferOutput<C[M]['output']>>
    : Promise<InferOutput<C[M]['output']>>;
};

/**
 * Whether `scopes` hold `needed`: `config:write` is held by itself, `config:*`, `*:write` and `*`. A third part is a path,
 * and a scope that has one holds only what begins with it: `kv:read:app/` is held by `kv:read:a`, `kv:read` and `kv:*`, and
 * holds `kv:read:app/x`, but not `kv:read`.
 */
export function holdsScope(scopes: readonly string[], needed: string): boolean {
  const [service, verb, path] = scopeParts(needed);
  return scopes.some((scope) => {
    if (scope === '*' || scope === needed) return true;
    const [heldService, heldVerb, heldPath] = scopeParts(scope);
    if ((heldService !== '*' && heldService !== service) || (heldVerb !== '*' && heldVerb !== verb)) return false;
    return heldPath === undefined || (path !== undefined && path.startsWith(heldPath));
  });
}

/** A path may hold colons itself. */
function scopeParts(scope: string): readonly [string, string | undefined, string | undefined] {
  const first = scope.indexOf(':');
  if (first < 0) return [scope, undefined, undefined];
  const second = scope.indexOf(':', first + 1);
  if (second < 0) return [scope.slice(0, first), scope.slice(first + 1), undefined];
  return [scope.slice(0, first), scope.slice(first + 1, second), scope.slice(second + 1)];
}
