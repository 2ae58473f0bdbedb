/**
 * The front door for whoever offers something: a plain object becomes a service that programs elsewhere call. Behind it are
 * a dispatcher (`createDispatcher`) and a ZeroMQ door (`listenZeromq`), which programs with several services use directly.
 */
import { type Clock, type Log, OperatingError, systemClock } from '@plumb/base';
import { derivePublicKey, type KeyPair, parseAddress } from '@plumb/zmtp';
import { type Callers, findCaller, identifyBy, observerOf, type Tokens } from './callers.ts';
import type { Contract, Handlers } from './contract.ts';
import { createDispatcher } from './dispatcher.ts';
import { type MethodDescription, RPC_SERVICE } from './rpc-contract.ts';
import { listenZeromq } from './listen-zeromq.ts';
import { callContext } from './node-call-context.ts';
import type { MethodStats } from './method-stats.ts';
import type { Policy } from './policy.ts';
import { createStderrLog } from './stderr-log.ts';
import { formatTarget, isServiceName } from './target.ts';

export type ServeOptions = {
  /** What callers write behind the address: letters, digits and dashes. */
  readonly name: string;
  /** Where to listen: `tcp://HOST:PORT` or `ipc:///path/x.sock`, one or several. The default is any free port of 127.0.0.1. */
  readonly at?: string | readonly string[] | undefined;
  /** The server's own keys, from `generateKeyPair()`: with them every address is encrypted. Needed for TCP. */
  readonly keys?: KeyPair | undefined;
  /** Who may call, by public key. Nobody else gets in. A name stands for a caller who may call everything here. */
  readonly callers?: Callers | undefined;
  /** Who may call, by a secret text that they show instead of a key. */
  readonly tokens?: Tokens | undefined;
  /** Decides for each method and caller, before an input is looked at. By the scopes of the contract where it is left out. */
  readonly policy?: Policy | undefined;
  /** One line for people for each function of a plain object, by its name: `add`, or `files.read`. A contract has its own. */
  readonly summaries?: Readonly<Record<string, string>> | undefined;
  /** Warnings and errors go to stderr where it is left out. */
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
};

export type Server = AsyncDisposable & {
  /** The addresses that were really taken, in the order of `at`. */
  readonly addresses: readonly string[];
  /** What to give to `connect`, such as `tcp://127.0.0.1:41231/math`: the first of `targets`. */
  readonly target: string;
  /** One for each address. */
  readonly targets: readonly string[];
  /** What callers must give as `serverKey`; undefined without `keys`. */
  readonly publicKey: string | undefined;
  /** Every method with its schemas, as callers get it from `rpc.describe`. */
  readonly describe: () => Promise<readonly MethodDescription[]>;
  /** What was counted of each method, for `formatRpcMetrics(server)` or whatever else watches it. */
  readonly stats: () => readonly MethodStats[];
};

/**
 * Offers `methods` as the service `name` until it is disposed, which ends the connections and the calls on them. Of a plain
 * object, its own enumerable functions can be called, and those of plain objects in it as `outer.inner`; what begins with
 * `_` is private. With a `contract`, `methods` are its handlers: inputs, answers and scopes are checked.
 *
 * Nothing is open to strangers: TCP needs `keys`, and without `callers` or `tokens` there is nobody to serve.
 * @throws OperatingError `invalid` for a bad address, key or name, and where there is nothing to call; `unavailable` for an
 * address that is taken.
 *
 * @example
 * await using server = await serve({ name: 'math', methods, keys, callers: { [alice.publicKey]: 'alice' } });
 */
export function serve<C extends Contract>(
  options: ServeOptions & { readonly contract: C; readonly methods: Handlers<C> },
): Promise<Server>;
export function serve(
  options: ServeOptions & { readonly contract?: undefined; readonly methods: object },
): Promise<Server>;
export async function serve(
  options: ServeOptions & { readonly contract?: Contract | undefined; readonly methods: object },
): Promise<Server> {
  const { name, methods, contract, at = 'tcp://127.0.0.1:0', keys, tokens, policy, summaries } = options;
  const { clock = systemClock, log = DEFAULT_LOG } = options;
  const addresses = typeof at === 'string' ? [at] : at;
  check(options, addresses);

  const dispatcher = createDispatcher({
    log,
    clock,
    policy,
    observe: observerOf(options.callers),
    context: callContext,
  });
  if (contract === undefined) dispatcher.addObject(name, methods, { summaries });
  else dispatcher.add(name, contract, methods as Handlers<Contract>);
  if (!dispatcher.methods().some((method) => method.startsWith(`${name}.`))) {
    const advice = 'only functions that an object has itself are methods, not those of its class';
    throw invalid(`${name} has nothing to call: ${advice}`);
  }

  const listener = await listenZeromq({
    addresses,
    authenticate: async (token) => findCaller(tokens, token),
    curve: keys && { secretKey: keys.secretKey, identify: identifyBy(options.callers), unixSockets: true },
    accept: dispatcher.accept,
    log,
    clock,
  });
  const targets = listener.addresses.map((address) => formatTarget(address, name));
  const [target = ''] = targets;
  return {
    addresses: listener.addresses,
    target,
    targets,
    publicKey: keys?.publicKey,
    describe: () => dispatcher.describe({ service: name }),
    stats: dispatcher.stats,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

/** Bugs in methods, and strangers at the door. */
const DEFAULT_LOG = createStderrLog(['warn', 'error']);

function check({ name, keys, callers, tokens }: ServeOptions, addresses: readonly string[]): void {
  if (!isServiceName(name)) throw invalid(`"${name}" is not a name for a service: use letters, digits and dashes`);
  if (name === RPC_SERVICE)
    throw invalid(`"${name}" is the name of the service that describes the others: take another`);
  if (addresses.length === 0) throw invalid(`${name} is served nowhere: give an address in "at"`);
  if (keys !== undefined && derivePublicKey(keys.secretKey) !== keys.publicKey) {
    throw invalid(`the public key for ${name} is not that of its secret key: use a pair of generateKeyPair()`);
  }
  const tcp = addresses.find((address) => parseAddress(address).kind === 'tcp');
  if (tcp !== undefined && keys === undefined) {
    throw invalid(`${name} cannot be served at ${tcp} without keys: make a pair with generateKeyPair() and keep it`);
  }
  if (keys === undefined && callers !== undefined) {
    throw invalid(`the callers of ${name} cannot prove their keys: give the server keys as well`);
  }
  if (callers === undefined && tokens === undefined) {
    const advice = keys === undefined ? 'tokens: { [secret]: NAME }' : 'callers: { [publicKey]: NAME }';
    throw invalid(`${name} would let nobody in: say who may call it, with ${advice}`);
  }
}

function invalid(message: string): OperatingError {
  return new OperatingError('invalid', message);
}
